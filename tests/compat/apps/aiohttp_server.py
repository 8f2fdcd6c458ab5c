"""aiohttp: PORT [uvloop]; a unix PATH."""

import asyncio
import os
import sys

from aiohttp import web


async def slot(request):
    if request.path == "/slow":
        await asyncio.sleep(2)
    return web.Response(text=os.environ.get("PM_SLOT", "none"))


app = web.Application()
app.add_routes([web.get("/", slot), web.get("/slow", slot)])

if __name__ == "__main__":
    if "uvloop" in sys.argv:
        import uvloop

        uvloop.install()
    where = sys.argv[1]
    place = {"path": where} if where.startswith("/") else {"host": "127.0.0.1", "port": int(where)}
    web.run_app(app, **place, print=None, access_log=None)
