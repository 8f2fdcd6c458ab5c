"""Answers with its pid, by a server of gevent: KIND PORT. "late" patches after its imports."""

import os
import socketserver
import sys

import gevent
from gevent import monkey
from gevent.pywsgi import WSGIServer
from gevent.server import StreamServer


def wsgi(_environ, start):
    body = str(os.getpid()).encode()
    start("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def talk(sock, _address):
    file = sock.makefile("rb")
    while line := file.readline():
        while line.strip():
            line = file.readline()
        body = str(os.getpid()).encode()
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


class Talk(socketserver.BaseRequestHandler):
    def handle(self):
        talk(self.request, self.client_address)


class Sockets(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def main(kind, port):
    address = "127.0.0.1", int(port)
    if kind == "wsgi":
        WSGIServer(address, wsgi, log=None).serve_forever()
    elif kind == "stream":
        StreamServer(address, talk).serve_forever()
    elif kind == "two":
        gevent.spawn(StreamServer(address, talk).serve_forever)
        StreamServer(("127.0.0.1", 0), talk).serve_forever()
    else:
        monkey.patch_all()
        Sockets(address, Talk).serve_forever()


main(*sys.argv[1:])
