"""Flask's own server: PORT."""

import os
import sys

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello():
    return str(os.getpid())


app.run(host="127.0.0.1", port=int(sys.argv[1]))
