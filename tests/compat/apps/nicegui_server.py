"""NiceGUI: PORT."""

import asyncio
import os
import sys

from fastapi.responses import PlainTextResponse
from nicegui import app, ui


@app.get("/", response_class=PlainTextResponse)
async def slot():
    return os.environ.get("PM_SLOT", "none")


@app.get("/slow", response_class=PlainTextResponse)
async def slow():
    await asyncio.sleep(2)
    return os.environ.get("PM_SLOT", "none")


ui.run(host="127.0.0.1", port=int(sys.argv[1]), reload=False, show=False)
