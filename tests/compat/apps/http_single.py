"""http.server with one thread: PORT."""

import sys
from http.server import HTTPServer

from handler import Handler

HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
