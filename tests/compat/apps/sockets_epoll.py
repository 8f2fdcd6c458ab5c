"""A bare socket on epoll, edge-triggered: PORT."""

import select
import socket
import sys
import threading

from talk import answer, pause

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.setblocking(False)
server.listen()
poll = select.epoll()
poll.register(server, select.EPOLLIN | select.EPOLLET)
open_ = {}


def reply(conn):
    with conn:
        conn.setblocking(True)
        conn.sendall(answer())


def accept_all():
    while True:
        try:
            conn, _ = server.accept()
        except BlockingIOError:
            return
        conn.setblocking(False)
        open_[conn.fileno()] = conn
        poll.register(conn, select.EPOLLIN | select.EPOLLONESHOT)


while True:
    for fd, _ in poll.poll():
        if fd == server.fileno():
            accept_all()
            continue
        conn = open_.pop(fd)
        request = conn.recv(4096)
        poll.unregister(fd)
        wait = pause(request)
        if not request:
            conn.close()
        elif wait:
            threading.Timer(wait, reply, (conn,)).start()
        else:
            reply(conn)
