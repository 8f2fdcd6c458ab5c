"""aiohttp: PORT."""

import os
import sys

from aiohttp import web


async def hello(_: web.Request) -> web.Response:
    return web.Response(text=str(os.getpid()))


if __name__ == "__main__":
    app = web.Application()
    app.add_routes([web.get("/", hello)])
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
