"""Quart's own server: PORT."""

import asyncio
import os
import sys

from quart import Quart

app = Quart(__name__)


@app.get("/")
async def slot():
    return os.environ.get("PM_SLOT", "none")


@app.get("/slow")
async def slow():
    await asyncio.sleep(2)
    return os.environ.get("PM_SLOT", "none")


app.run(host="127.0.0.1", port=int(sys.argv[1]))
