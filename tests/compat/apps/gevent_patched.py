"""http.server in a program patched by gevent: PORT."""

from gevent import monkey

monkey.patch_all()

import sys
from http.server import ThreadingHTTPServer

from handler import Handler

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
