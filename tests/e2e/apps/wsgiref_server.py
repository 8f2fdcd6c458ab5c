"""wsgiref: PORT."""

import os
import sys
from wsgiref.simple_server import make_server


def app(environ, start_response):
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


make_server("127.0.0.1", int(sys.argv[1]), app).serve_forever()
