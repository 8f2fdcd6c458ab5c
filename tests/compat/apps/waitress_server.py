"""waitress: PORT or unix PATH."""

import sys

import waitress
from wsgi import app

where = sys.argv[1]
if where.startswith("/"):
    waitress.serve(app, unix_socket=where)
else:
    waitress.serve(app, host="127.0.0.1", port=int(where), threads=8)
