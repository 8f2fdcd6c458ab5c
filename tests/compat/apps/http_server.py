"""http.server, a thread a connection: PORT [HOST]."""

import socket
import sys
from http.server import ThreadingHTTPServer

from handler import Handler

host = sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"


class Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in host else socket.AF_INET


Server((host, int(sys.argv[1])), Handler).serve_forever()
