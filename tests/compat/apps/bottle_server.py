"""Bottle's own server: PORT."""

import sys

import bottle
from wsgi import app

bottle.run(app, host="127.0.0.1", port=int(sys.argv[1]), quiet=True)
