"""Tells its situation as a line of JSON and does what its arguments say.

serve PORT: answer its pid. deaf: do not end by SIGTERM. die: exit with 1. lines: write 100 lines.
SIGUSR1 ends it with 7.
"""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = str(os.getpid()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def end(number, frame):
    print(f"ended by {signal.Signals(number).name}", flush=True)
    os._exit(0)


signal.signal(signal.SIGUSR1, lambda *_: os._exit(7))
signal.signal(signal.SIGUSR2, end)
signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in sys.argv else end)

mask = os.umask(0)
os.umask(mask)
spec = globals()["__spec__"]
print("errors", file=sys.stderr, flush=True)
print(
    json.dumps({
        "argv": sys.argv,
        "spec": spec and spec.name,
        "environ": dict(os.environ),
        "cwd": os.getcwd(),
        "executable": sys.executable,
        "dev": sys.flags.dev_mode,
        "cluster": "_pm" in sys.modules,
        "preloaded": getattr(sys.modules.get("preloaded"), "PID", 0),
        "pid": os.getpid(),
        "umask": mask,
    }),
    flush=True,
)  # fmt: skip
if "die" in sys.argv:
    sys.exit(1)
if "lines" in sys.argv:
    for number in range(100):
        print(f"{number:049}", flush=True)
if "serve" in sys.argv:
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
while True:
    signal.pause()
