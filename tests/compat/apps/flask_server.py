"""Flask's own server: PORT [debug]."""

import os
import sys
import time

from flask import Flask

app = Flask(__name__)


@app.get("/")
def slot():
    return os.environ.get("PM_SLOT", "none")


@app.get("/slow")
def slow():
    time.sleep(2)
    return slot()


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]), debug="debug" in sys.argv)
