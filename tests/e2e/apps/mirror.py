"""Answers with its own situation as JSON: PORT [WORD ...]; listens once the file $GATE is there."""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        about = {
            "script": sys.argv[0],
            "words": sys.argv[2:],
            "cwd": os.getcwd(),
            "executable": sys.executable,
            "optimize": sys.flags.optimize,
            "word": os.environ.get("WORD"),
            "other": os.environ.get("OTHER"),
        }
        body = json.dumps(about).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False


while "GATE" in os.environ and not os.path.exists(os.environ["GATE"]):
    time.sleep(0.01)
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
