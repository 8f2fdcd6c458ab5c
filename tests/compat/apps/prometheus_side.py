"""A program with a metrics port beside its own (prometheus_client): PORT."""

import sys
from http.server import ThreadingHTTPServer

from handler import Handler
from prometheus_client import start_http_server

start_http_server(0, addr="127.0.0.1")
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
