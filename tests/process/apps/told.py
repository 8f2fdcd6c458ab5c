"""Serves on $PORT and ends by itself at the message `shutdown`, unless a word makes it deaf.

Says what has ended it.
"""

import http.server
import os
import signal
import sys
import threading

import pm

server = http.server.ThreadingHTTPServer(
    ("127.0.0.1", int(os.environ["PORT"])), http.server.SimpleHTTPRequestHandler
)


def ended(*_):
    print("by signal", flush=True)
    os._exit(0)


signal.signal(signal.SIGTERM, ended)
if not sys.argv[1:]:

    @pm.on_message
    def hear(message):
        if message == "shutdown":
            print("by message", flush=True)
            threading.Thread(target=server.shutdown).start()


server.serve_forever()
