"""sanic: PORT single|WORKERS."""

import asyncio
import os
import sys

from sanic import Sanic
from sanic.response import text

app = Sanic("compat")


@app.get("/")
async def slot(request):
    return text(os.environ.get("PM_SLOT", "none"))


@app.get("/slow")
async def slow(request):
    await asyncio.sleep(2)
    return text(os.environ.get("PM_SLOT", "none"))


if __name__ == "__main__":
    how = {"single_process": True} if sys.argv[2] == "single" else {"workers": int(sys.argv[2])}
    app.run(host="127.0.0.1", port=int(sys.argv[1]), access_log=False, motd=False, **how)
