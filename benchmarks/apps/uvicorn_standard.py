"""uvicorn[standard], that is uvloop and httptools: PORT."""

import sys

import uvicorn
from asgi import app

if __name__ == "__main__":
    uvicorn.run(
        app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools",
        access_log=False, log_level="warning",
    )  # fmt: skip
