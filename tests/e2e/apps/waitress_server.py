"""waitress: PORT."""

import os
import sys

import waitress


def app(environ, start_response):
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


waitress.serve(app, host="127.0.0.1", port=int(sys.argv[1]))
