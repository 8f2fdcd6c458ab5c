"""Pyro5: PORT."""

import os
import sys
import time

import Pyro5.api


@Pyro5.api.expose
class Slot:
    def slot(self, seconds):
        time.sleep(seconds)
        return os.environ.get("PM_SLOT", "none")


daemon = Pyro5.api.Daemon(host="127.0.0.1", port=int(sys.argv[1]))
daemon.register(Slot, "slot")
daemon.requestLoop()
