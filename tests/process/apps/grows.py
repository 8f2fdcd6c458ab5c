"""Serves its pid: PORT. `/grow/MB` lets it use so much more, `/child/MB` a child of it.

With a second word, it uses so much from the start, and with port 0 it serves nothing.
"""

import http.server
import os
import subprocess
import sys
import time

HELD = []


def grow(megabytes):
    HELD.append(bytearray(os.urandom(1 << 20) * megabytes))


def grow_in_child(megabytes):
    code = f"import time; held = bytearray(b'x') * ({megabytes} << 20); print(1); time.sleep(1000)"
    child = subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE)
    child.stdout.readline()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        _, what, *rest = self.path.split("/")
        if what == "grow":
            grow(int(rest[0]))
        elif what == "child":
            grow_in_child(int(rest[0]))
        body = b"%d" % os.getpid()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if sys.argv[2:]:
    grow(int(sys.argv[2]))
while sys.argv[1] == "0":
    time.sleep(1000)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
