"""hello.py, with an import that takes long: PORT."""

import sys

import heavy_modules  # noqa: F401
from hello import Handler, Server

if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
