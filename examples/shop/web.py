"""The shop's web server: it answers at once, the work is another app's."""

import http.server
import os

import pm


class Handler(http.server.BaseHTTPRequestHandler):
    """Takes the path for the name of a picture."""

    def do_GET(self) -> None:
        try:
            told = pm.send_to("thumbnails", {"picture": self.path})
        except pm.RequestFailed as error:
            self.send_error(503, "no thumbnails", str(error))
            return
        where = "on its way" if told else "nowhere: this runs without pm"
        body = f"{self.path} is {where}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


http.server.ThreadingHTTPServer(
    ("127.0.0.1", int(os.environ.get("PORT", "8000"))), Handler
).serve_forever()
