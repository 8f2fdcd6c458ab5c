"""Answers each request with what it is and may do: PORT [READY].

With READY it says, the way of systemd, that it is ready.
"""

import http.server
import json
import os
import socket
import sys

import whose  # imported by the template too, if that is told to preload it


def status(*names):
    with open("/proc/self/status") as file:
        found = dict(line.rstrip().split(":\t", 1) for line in file)
    return {name: found[name].strip() for name in names}


def tries(call, *args):
    try:
        call(*args)
    except OSError as error:
        return error.strerror
    return "done"


def facts():
    back = {
        "setuid": tries(os.setuid, 0),
        "setresuid": tries(os.setresuid, -1, 0, -1),
        "setgid": tries(os.setgid, 0),
        "setgroups": tries(os.setgroups, [0]),
        "read": tries(open, "/etc/shadow"),
        "stdout": tries(open, "/dev/stdout", "w"),
        "stderr": tries(open, "/dev/stderr", "w"),
    }
    return {
        **status("Uid", "Gid", "Groups", "CapPrm", "CapEff", "CapAmb", "Umask"),
        "back": back,
        "preloaded": whose.UID,
        "env": {name: os.environ.get(name) for name in ("HOME", "USER", "LOGNAME")},
        "cwd": os.getcwd(),
        "ppid": os.getppid(),
    }


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps(facts()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    print("an app speaks", flush=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    if sys.argv[2:]:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = os.environ["NOTIFY_SOCKET"]
        sock.sendto(b"READY=1", "\0" + address[1:] if address[0] == "@" else address)
    server.serve_forever()
