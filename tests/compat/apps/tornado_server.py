"""tornado: PORT."""

import asyncio
import os
import sys

import tornado.web


class Slot(tornado.web.RequestHandler):
    async def get(self):
        if self.request.path == "/slow":
            await asyncio.sleep(2)
        self.write(os.environ.get("PM_SLOT", "none"))


async def main():
    tornado.web.Application([("/.*", Slot)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
