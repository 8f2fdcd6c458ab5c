"""Prints what becomes of sockets that processes give each other, as JSON: CASE PORT METHOD.

METHOD is a start method of multiprocessing.
"""

import json
import multiprocessing
import os
import socket
import sys
import threading
from multiprocessing.managers import BaseManager
from multiprocessing.reduction import recv_handle, send_handle


def facts(sock):
    accepts = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    return [int(sock.family), int(sock.type), accepts, sock.getsockname()]


def answer(conn, text="ok"):
    with conn:
        conn.recv(1000)
        conn.sendall(text.encode())
    return os.getpid()


def ask(port):
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        client.sendall(b"who?")
        return client.recv(1000).decode()


def listener(port, option=socket.SO_REUSEADDR):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, option, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen()
    return sock


def serve_one(sock, said):
    said.put(facts(sock))
    answer(sock.accept()[0])


def serve_from_queue(queue, said):
    serve_one(queue.get(), said)


def serve_from_pipe(pipe, said):
    serve_one(socket.socket(fileno=recv_handle(pipe)), said)


def serve_own(port, name, said):
    sock = listener(port, socket.SO_REUSEPORT)
    said.put(name)
    while True:
        answer(sock.accept()[0], name)


def everybody(port, count):
    """Ask until so many have answered: first come, first served, one may wait for a core."""
    found = set()
    while len(found) < count:
        found.add(ask(port))
    return sorted(found)


def by_queue(port, context):
    """A listener goes through a queue to a child that runs already."""
    queue, said = context.Queue(), context.Queue()
    child = context.Process(target=serve_from_queue, args=(queue, said))
    child.start()
    queue.put(listener(port))
    found = [said.get(timeout=20), ask(port)]
    child.join()
    return found


def by_pipe(port, context):
    """Only its fd is sent: nobody says what it is."""
    said, (ours, theirs) = context.Queue(), context.Pipe()
    child = context.Process(target=serve_from_pipe, args=(theirs, said))
    child.start()
    sock = listener(port)
    send_handle(ours, sock.fileno(), child.pid)
    found = [said.get(timeout=20), ask(port)]
    child.join()
    return found


def a_connection(port, context):
    """A pool answers what the parent has accepted."""
    sock, got = listener(port), []
    client = threading.Thread(target=lambda: got.append(ask(port)))
    client.start()
    conn, _ = sock.accept()
    with context.Pool(1) as pool:
        other = pool.apply(answer, (conn,)) != os.getpid()
    conn.close()
    client.join()
    return [got, other]


def of_their_own(port, context):
    """Children bind the same port; one of them dies."""
    said = context.Queue()
    children = [
        context.Process(target=serve_own, args=(port, name, said), daemon=True) for name in "ab"
    ]
    for child in children:
        child.start()
    said.get(timeout=20)
    said.get(timeout=20)
    found = everybody(port, len(children))
    children[0].kill()
    children[0].join()
    return [found, ask(port), ask(port)]


def dropped(port, _):
    """A listener vanishes without close(), and is made again."""
    return [facts(listener(port)) for _ in range(2)]


def after_closing_all(_, context):
    """A program that closes what it does not know starts children as ever."""
    os.closerange(3, 4096)
    with context.Pool(1) as pool:
        return pool.apply(abs, (-1,))


class Manager(BaseManager):
    pass


Manager.register("list", list, exposed=["append", "__len__"])


def managed(port, context):
    """A manager's objects live in its process; its port is closed when it ends."""
    manager = Manager(("127.0.0.1", port), b"secret", ctx=context)
    manager.start()
    numbers = manager.list()
    numbers.append(1)
    found = [len(numbers)]
    manager.shutdown()
    with socket.socket() as client:
        found.append(client.connect_ex(("127.0.0.1", port)))
    return found


if __name__ == "__main__":
    case, port, method = sys.argv[1:]
    print(json.dumps(globals()[case](int(port), multiprocessing.get_context(method))))
