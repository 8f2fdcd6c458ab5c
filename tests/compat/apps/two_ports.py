"""Two servers in one program: PORT, and a second listener on a port of the kernel's choice."""

import sys
import threading
from http.server import ThreadingHTTPServer

from handler import Handler

admin = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=admin.serve_forever, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
