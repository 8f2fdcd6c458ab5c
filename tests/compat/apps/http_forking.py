"""http.server, a forked child a connection: PORT."""

import socketserver
import sys
from http.server import HTTPServer

from handler import Handler


class Server(socketserver.ForkingMixIn, HTTPServer):
    pass


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
