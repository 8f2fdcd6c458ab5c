"""eventlet's WSGI server: PORT."""

import sys

import eventlet

eventlet.monkey_patch()

from eventlet import wsgi as server
from wsgi import app

server.server(eventlet.listen(("127.0.0.1", int(sys.argv[1]))), app, log_output=False)
