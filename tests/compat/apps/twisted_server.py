"""twisted.web: PORT."""

import os
import sys

from twisted.internet import reactor
from twisted.web import resource, server


class Slot(resource.Resource):
    isLeaf = True

    def render_GET(self, request):
        body = os.environ.get("PM_SLOT", "none").encode()
        if request.path != b"/slow":
            return body
        reactor.callLater(2, self.finish, request, body)
        return server.NOT_DONE_YET

    def finish(self, request, body):
        request.write(body)
        request.finish()


reactor.listenTCP(int(sys.argv[1]), server.Site(Slot()), interface="127.0.0.1")
reactor.run()
