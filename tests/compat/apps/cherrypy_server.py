"""CherryPy: PORT."""

import os
import sys
import time

import cherrypy


class Root:
    @cherrypy.expose
    def index(self):
        return os.environ.get("PM_SLOT", "none")

    @cherrypy.expose
    def slow(self):
        time.sleep(2)
        return self.index()


cherrypy.config.update(
    {
        "server.socket_host": "127.0.0.1",
        "server.socket_port": int(sys.argv[1]),
        "log.screen": False,
        "engine.autoreload.on": False,
    }
)
cherrypy.quickstart(Root())
