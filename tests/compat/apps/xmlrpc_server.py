"""xmlrpc.server: PORT."""

import os
import sys
import time
from xmlrpc.server import SimpleXMLRPCServer


def slot(seconds):
    time.sleep(seconds)
    return os.environ.get("PM_SLOT", "none")


server = SimpleXMLRPCServer(("127.0.0.1", int(sys.argv[1])), logRequests=False)
server.register_function(slot)
server.serve_forever()
