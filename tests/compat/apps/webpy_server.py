"""web.py: PORT."""

import os
import sys
import time

import web


class Slot:
    def GET(self):
        return os.environ.get("PM_SLOT", "none")


class Slow(Slot):
    def GET(self):
        time.sleep(2)
        return super().GET()


app = web.application(("/", "Slot", "/slow", "Slow"), globals())
web.httpserver.runsimple(app.wsgifunc(), ("127.0.0.1", int(sys.argv[1])))
