"""websockets with threads: PORT."""

import os
import sys
import time

from websockets.sync.server import serve


def echo(ws):
    for message in ws:
        time.sleep(2 if message == "/slow" else 0)
        ws.send(os.environ.get("PM_SLOT", "none"))


with serve(echo, "127.0.0.1", int(sys.argv[1])) as server:
    server.serve_forever()
