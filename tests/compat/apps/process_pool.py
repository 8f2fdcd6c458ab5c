"""http.server that computes in a ProcessPoolExecutor: PORT."""

import sys
from concurrent.futures import ProcessPoolExecutor
from http.server import ThreadingHTTPServer

import handler


class Handler(handler.Handler):
    def do_GET(self):
        assert pool.submit(sum, [20, 22]).result() == 42
        super().do_GET()


if __name__ == "__main__":
    pool = ProcessPoolExecutor(1)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
