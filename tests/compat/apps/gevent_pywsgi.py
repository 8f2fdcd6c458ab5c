"""gevent's WSGI server: PORT [patched]."""

import sys

if "patched" in sys.argv:
    from gevent import monkey

    monkey.patch_all()

import gevent
from gevent.pywsgi import WSGIServer
from wsgi import app


def slow_app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        gevent.sleep(2)
        environ["PATH_INFO"] = "/"
    return app(environ, start_response)


WSGIServer(("127.0.0.1", int(sys.argv[1])), slow_app, log=None).serve_forever()
