"""rpyc: PORT."""

import os
import sys
import time

import rpyc
from rpyc.utils.server import ThreadedServer


class Slot(rpyc.Service):
    def exposed_slot(self, seconds):
        time.sleep(seconds)
        return os.environ.get("PM_SLOT", "none")


ThreadedServer(Slot, hostname="127.0.0.1", port=int(sys.argv[1])).start()
