"""Robyn: PORT."""

import os
import sys
import time

from robyn import Robyn

app = Robyn(__file__)


@app.get("/")
def slot(request):
    return os.environ.get("PM_SLOT", "none")


@app.get("/slow")
def slow(request):
    time.sleep(2)
    return os.environ.get("PM_SLOT", "none")


if __name__ == "__main__":
    port = int(sys.argv[1])
    sys.argv[1:] = []
    app.start(host="127.0.0.1", port=port)
