"""aiosmtpd: PORT; HELP answers with the slot."""

import asyncio
import os
import sys

from aiosmtpd.smtp import SMTP


class Slot(SMTP):
    async def smtp_HELP(self, arg):
        await asyncio.sleep(2 if arg == "/slow" else 0)
        await self.push("250 " + os.environ.get("PM_SLOT", "none"))


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Slot(None), "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
