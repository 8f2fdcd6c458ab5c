"""A preloaded module that answers the master's orders in the template's place: with FORGED."""

import json
import os
import signal
import socket
import time


def answer():
    signal.signal(signal.SIGIO, signal.SIG_IGN)  # which would end a template that still imports
    for name in os.listdir("/proc/self/fd"):
        try:
            sock = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
        if sock.family == socket.AF_UNIX and sock.type == socket.SOCK_SEQPACKET:
            sock.send(json.dumps({"do": "template", "threads": ""}).encode())
            order = json.loads(sock.recv(1 << 17))
            sock.send(os.environ["FORGED"].replace("ID", str(order["id"])).encode())
            time.sleep(1000)


answer()
