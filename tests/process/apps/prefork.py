"""Serves with children that are handed the listener: PORT METHOD CHILDREN [STYLE].

METHOD is a start method of multiprocessing; `restart` starts the program itself anew, which binds
for itself or, in the STYLE `inherit`, finds its listener in an inherited fd. In the STYLE `close`
the parent closes its copy.
"""

import json
import multiprocessing
import os
import socket
import subprocess
import sys


def facts(sock):
    return {
        "pid": os.getpid(),
        "parent": os.getppid(),
        "slot": os.environ.get("PM_SLOT"),
        "family": int(sock.family),
        "address": sock.getsockname(),
        "listens": sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN),
        "nodelay": sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0,
    }


def serve(sock):
    sock.listen()
    while True:
        conn, _ = sock.accept()
        with conn:
            head = data = conn.recv(65536)
            while data and b"\r\n\r\n" not in head:
                print(os.getpid(), "has a part of a request", flush=True)
                data = conn.recv(65536)
                head += data
            body = json.dumps(facts(sock)).encode()
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def bound(port):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.bind(("127.0.0.1", port))
    return sock


def restart(inherit, port):
    words = [sys.executable, "-W", "ignore", *sys.argv]
    env = dict(os.environ, RESTARTED="yes")
    if inherit:
        sock = bound(port)
        sock.set_inheritable(True)
        env["LISTENER"] = str(sock.fileno())
    sys.exit(subprocess.call(words, env=env, close_fds=False))


def main():
    port, method, count, style = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    if "LISTENER" in os.environ:
        serve(socket.fromfd(int(os.environ["LISTENER"]), socket.AF_INET, socket.SOCK_STREAM))
    if "RESTARTED" in os.environ:
        serve(bound(port))
    if method == "restart":
        restart(style == "inherit", port)
    if method == "exec":
        os.environ["RESTARTED"] = "yes"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    sock = bound(port)
    context = multiprocessing.get_context(method)
    children = [context.Process(target=serve, args=(sock,)) for _ in range(count)]
    for child in children:
        child.start()
    if style == "close":
        sock.close()
    for child in children:
        child.join()


if __name__ == "__main__":
    main()
