"""Answers with its pid, request by request, on trio: PORT."""

import os
import sys

import trio


async def talk(stream):
    body = str(os.getpid()).encode()
    head = b""
    while data := await stream.receive_some(4096):
        head += data
        if head.endswith(b"\r\n\r\n"):
            head = b""
            await stream.send_all(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )


trio.run(trio.serve_tcp, talk, int(sys.argv[1]))
