"""The servers that run a `module:attribute`, by their own command lines where they have one."""

from __future__ import annotations

import sys
from importlib import import_module, metadata, util

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any, Callable

    Serve = Callable[[Any, str, str, int, list[str]], None]


class Server:
    """One server: its distribution's name, the module that has to be there, and how it is run."""

    def __init__(self, name: str, module: str, serve: Serve) -> None:
        self.name = name
        self.module = module
        self.serve = serve
        """Serve an app, which servers import by the name that follows, at host and port.

        The last argument are words for its command line.
        """

    @property
    def title(self) -> str:
        """Its name and version."""
        try:
            return f"{self.name} {metadata.version(self.name)}"
        except metadata.PackageNotFoundError:
            return self.name


def first(kind: str) -> Server | None:
    """Return the first server for this kind of app that this interpreter has."""
    return next((one for one in ALL[kind] if util.find_spec(one.module) is not None), None)


def address(host: str, port: str) -> str:
    """Return "127.0.0.1:8000" or "[::1]:8000"."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _named(program: str, words: list[str]) -> list[str]:
    """Let the process look as if `python -m program words` had started it."""
    sys.argv[:] = [program, *words]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = [sys.orig_argv[0], "-m", program, *words]
    return words


def _uvicorn(_app: Any, name: str, host: str, port: int, words: list[str]) -> None:
    words = _named("uvicorn", ["--host", host, "--port", str(port), *words, name])
    import_module("uvicorn.main").main.main(words, prog_name="uvicorn")


def _hypercorn(_app: Any, name: str, host: str, port: int, words: list[str]) -> None:
    # 0 workers: in this process; one would be a process of its own
    at = address(host, str(port))
    words = _named("hypercorn", ["--workers", "0", "--bind", at, *words, name])
    sys.exit(import_module("hypercorn.__main__").main(words))


def _granian(_app: Any, name: str, host: str, port: int, words: list[str]) -> None:
    at = ["--host", host, "--port", str(port)]
    words = _named("granian", ["--interface", "asgi", *at, *words, name])
    import_module("granian.cli").cli.main(words, prog_name="granian")


def _gunicorn(_app: Any, name: str, host: str, port: int, words: list[str]) -> None:
    _named("gunicorn", ["--bind", address(host, str(port)), *words, name])
    import_module("gunicorn.app.wsgiapp").run()


def _waitress(_app: Any, name: str, host: str, port: int, words: list[str]) -> None:
    words = _named("waitress", ["--host", host, "--port", str(port), *words, name])
    sys.exit(import_module("waitress.runner").run(["waitress-serve", *words]))


def _wsgiref(app: Any, name: str, host: str, port: int, words: list[str]) -> None:
    """Serve with the standard library, a thread a connection."""
    if words:
        hint = f"{sys.executable} -m pip install gunicorn, or waitress"
        print(f"error: wsgiref takes no options: {' '.join(words)}\nhint: {hint}", file=sys.stderr)
        raise SystemExit(1)
    import socket
    import socketserver
    from wsgiref.simple_server import WSGIServer, make_server

    class Threaded(socketserver.ThreadingMixIn, WSGIServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        daemon_threads = True

        def server_bind(self) -> None:
            """Bind without HTTPServer's look at the name service, which may take seconds."""
            socketserver.TCPServer.server_bind(self)
            self.server_name, self.server_port = host, port
            self.setup_environ()

    _named("wsgiref", [name])
    make_server(host, port, app, Threaded).serve_forever()


def _aiohttp(app: Any, name: str, host: str, port: int, words: list[str]) -> None:
    _named("aiohttp", [*words, name])
    import_module("aiohttp.web").run_app(app, host=host, port=port, print=None)


ALL = {
    "ASGI": (
        Server("uvicorn", "uvicorn", _uvicorn),
        Server("hypercorn", "hypercorn", _hypercorn),
        Server("granian", "granian", _granian),
    ),
    "WSGI": (
        Server("gunicorn", "gunicorn", _gunicorn),
        Server("waitress", "waitress", _waitress),
        Server("wsgiref", "wsgiref", _wsgiref),
    ),
    "aiohttp": (Server("aiohttp", "aiohttp", _aiohttp),),
}
"""By kind of app, the preferred first."""
