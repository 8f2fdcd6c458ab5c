"""http.server behind a listener wrapped by an SSLContext: PORT CERTIFICATE."""

import ssl
import sys
from http.server import ThreadingHTTPServer

from handler import Handler

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2])
server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
