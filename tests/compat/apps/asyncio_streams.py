"""asyncio streams: PORT, or a unix PATH; `any` as a second word: host=None; or a CERTIFICATE."""

import asyncio
import ssl
import sys

from talk import answer, pause


async def serve(reader, writer):
    await asyncio.sleep(pause(await reader.readuntil(b"\r\n\r\n")))
    writer.write(answer())
    await writer.drain()
    writer.close()


async def main(where, extra="127.0.0.1"):
    context = None
    if extra.endswith(".pem"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(extra)
        extra = "127.0.0.1"
    if where.startswith("/"):
        server = await asyncio.start_unix_server(serve, where)
    else:
        host = None if extra == "any" else extra
        server = await asyncio.start_server(serve, host, int(where), ssl=context)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
