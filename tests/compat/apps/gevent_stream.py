"""gevent's StreamServer: PORT."""

import sys

import gevent
from gevent.server import StreamServer
from talk import answer, pause


def serve(conn, _):
    gevent.sleep(pause(conn.recv(4096)))
    conn.sendall(answer())
    conn.close()


StreamServer(("127.0.0.1", int(sys.argv[1])), serve).serve_forever()
