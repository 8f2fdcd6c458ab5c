"""Serves its pid on a port past the hand-off, as servers in C or Rust do: PORT [alone|late].

`alone`: without SO_REUSEPORT. `late`: first after it has been online without a port.
"""

import _socket
import os
import sys
import time

way = sys.argv[2] if len(sys.argv) > 2 else ""
if way == "late":
    time.sleep(1.5)
sock = _socket.socket()
sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
if way != "alone":
    sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEPORT, 1)
sock.bind(("127.0.0.1", int(sys.argv[1])))
sock.listen()
while True:
    conn = _socket.socket(fileno=sock._accept()[0])
    conn.recv(1000)
    body = b"%d" % os.getpid()
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    conn.close()
