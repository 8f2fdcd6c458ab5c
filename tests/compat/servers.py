"""The servers, and how each is started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .asking import Place

APPS = Path(__file__).parent / "apps"


@dataclass(frozen=True)
class Server:
    """One row of the table."""

    name: str
    start: str
    """Words after `pm start`; {app} is the folder of the programs, {place} the port or path."""
    package: str = ""
    """The distribution whose version is shown; none: the standard library."""
    protocol: str = "http"
    env: tuple[tuple[str, str], ...] = ()
    remark: str = ""
    """Why a cell is not green, where the server is the reason."""

    @property
    def unix(self) -> bool:
        """True if it listens on a path."""
        return self.protocol == "unix"

    def command(self, place: Place, certificate: str = "") -> list[str]:
        """Return the words, with `place` and `certificate` filled in."""
        text = self.start.format(app=APPS, place=place, certificate=certificate)
        return [word for word in text.split() if word]


def _script(file: str, *args: str) -> str:
    return " ".join((f"{{app}}/{file}.py -- {{place}}", *args))


def _console(command: str, args: str) -> str:
    return f"--cwd {{app}} {command} -- {args}"


_IN_NATIVE_CODE = "accepts in native code: the kernel spreads connections (SO_REUSEPORT)"
_CLOSED = "; closing such a socket resets what waits in it, unless net.ipv4.tcp_migrate_req is 1"
_TCP = "127.0.0.1:{place}"
_GUNICORN = "wsgi:app -b " + _TCP
_UVICORN = "asgi:app --port {place} --log-level warning"

STANDARD_LIBRARY = (
    Server("http.server, threads", _script("http_server")),
    Server("http.server, one thread", _script("http_single")),
    Server("http.server, TLS listener", _script("http_tls", "{certificate}"), protocol="https"),
    Server("http.server on `::`", _script("http_server", "::"), protocol="http6"),
    Server("http.server, unix socket", _script("http_unix"), protocol="unix"),
    Server("http.server, ForkingMixIn", _script("http_forking")),
    Server("http.server, two ports", _script("two_ports")),
    Server("http.server + ProcessPoolExecutor", _script("process_pool")),
    Server("wsgiref", _script("wsgiref_server")),
    Server("xmlrpc.server", _script("xmlrpc_server"), protocol="xmlrpc"),
    Server("bare socket, threads", _script("sockets_threads")),
    Server("bare socket, epoll (edge)", _script("sockets_epoll")),
    Server("bare socket, os.fork workers", _script("prefork")),
    Server("multiprocessing, spawned workers", _script("spawning")),
    Server("asyncio streams", _script("asyncio_streams")),
    Server("asyncio, TLS", _script("asyncio_streams", "{certificate}"), protocol="https"),
    Server("asyncio, unix socket", _script("asyncio_streams"), protocol="unix"),
    Server("asyncio, host=None", _script("asyncio_streams", "any")),
)

WSGI = (
    Server("Flask", _script("flask_server"), "flask"),
    Server("Flask, debug with reloader", _script("flask_server", "debug"), "flask"),
    Server("Django runserver", _console("{app}/django_site.py", "runserver " + _TCP), "django"),
    Server(
        "Django runserver --noreload",
        _console("{app}/django_site.py", "runserver --noreload " + _TCP), "django",
    ),
    Server("Bottle", _script("bottle_server"), "bottle"),
    Server("Dash", _script("dash_server"), "dash"),
    Server("waitress", _script("waitress_server"), "waitress"),
    Server("waitress, unix socket", _script("waitress_server"), "waitress", "unix"),
    Server("cheroot", _script("cheroot_server"), "cheroot"),
    Server("CherryPy", _script("cherrypy_server"), "cherrypy"),
    Server("web.py", _script("webpy_server"), "web.py"),
    Server("gunicorn sync", _console("gunicorn", _GUNICORN + " -w 2"), "gunicorn"),
    Server("gunicorn gthread", _console("gunicorn", _GUNICORN + " -w 2 --threads 4"), "gunicorn"),
    Server("gunicorn gevent", _console("gunicorn", _GUNICORN + " -w 2 -k gevent"), "gunicorn"),
    Server("gunicorn tornado", _console("gunicorn", _GUNICORN + " -k tornado"), "gunicorn"),
    Server(
        "gunicorn, unix socket", _console("gunicorn", "wsgi:app -w 2 -b unix:{place}"),
        "gunicorn", "unix",
    ),
    Server("gevent pywsgi", _script("gevent_pywsgi"), "gevent"),
    Server("gevent pywsgi, patched", _script("gevent_pywsgi", "patched"), "gevent"),
    Server("gevent StreamServer", _script("gevent_stream"), "gevent"),
    Server("http.server patched by gevent", _script("gevent_patched"), "gevent"),
    Server("eventlet", _script("eventlet_server"), "eventlet"),
    Server(
        "granian, WSGI",
        _console("granian", "--interface wsgi --port {place} --no-log wsgi:app"), "granian",
        remark=_IN_NATIVE_CODE + _CLOSED,
    ),
)  # fmt: skip

ASGI = (
    Server("uvicorn, asyncio", _console("uvicorn", _UVICORN + " --loop asyncio"), "uvicorn"),
    Server("uvicorn, uvloop + httptools", _console("uvicorn", _UVICORN), "uvicorn"),
    Server("uvicorn --workers 2", _console("uvicorn", _UVICORN + " --workers 2"), "uvicorn"),
    Server(
        "uvicorn, TLS",
        _console(
            "uvicorn",
            _UVICORN + " --loop asyncio --ssl-certfile {certificate} --ssl-keyfile {certificate}",
        ),
        "uvicorn", "https",
    ),
    Server(
        "uvicorn, unix socket", _console("uvicorn", "asgi:app --uds {place} --log-level warning"),
        "uvicorn", "unix",
    ),
    Server(
        "gunicorn, uvicorn's worker",
        _console("gunicorn", "asgi:app -w 2 -k uvicorn_worker.UvicornWorker -b " + _TCP),
        "uvicorn-worker",
    ),
    Server("hypercorn", _console("hypercorn", "asgi:app -b " + _TCP), "hypercorn"),
    Server("hypercorn -w 2", _console("hypercorn", "asgi:app -w 2 -b " + _TCP), "hypercorn"),
    Server("hypercorn, trio", _console("hypercorn", "asgi:app -k trio -b " + _TCP), "hypercorn"),
    Server(
        "hypercorn, uvloop", _console("hypercorn", "asgi:app -k uvloop -b " + _TCP), "hypercorn"
    ),
    Server("daphne", _console("daphne", "-p {place} asgi:app"), "daphne"),
    Server(
        "granian, ASGI",
        _console("granian", "--interface asgi --port {place} --no-log asgi:app"), "granian",
        remark=_IN_NATIVE_CODE + _CLOSED,
    ),
    Server("Quart", _script("quart_server"), "quart"),
    Server("NiceGUI", _script("nicegui_server"), "nicegui"),
)  # fmt: skip

OTHERS = (
    Server("tornado", _script("tornado_server"), "tornado"),
    Server("aiohttp", _script("aiohttp_server"), "aiohttp"),
    Server("aiohttp, uvloop", _script("aiohttp_server", "uvloop"), "aiohttp"),
    Server("aiohttp, unix socket", _script("aiohttp_server"), "aiohttp", "unix"),
    Server("sanic, single process", _script("sanic_server", "single"), "sanic"),
    Server("sanic, two workers", _script("sanic_server", "2"), "sanic"),
    Server("Twisted web", _script("twisted_server"), "twisted"),
    Server("trio", _script("trio_server"), "trio"),
    Server("anyio, asyncio", _script("anyio_server", "asyncio"), "anyio"),
    Server("anyio, trio", _script("anyio_server", "trio"), "anyio"),
    Server("websockets, asyncio", _script("websockets_asyncio"), "websockets", "websocket"),
    Server("websockets, threads", _script("websockets_sync"), "websockets", "websocket"),
    Server("prometheus_client beside", _script("prometheus_side"), "prometheus-client"),
    Server("grpcio", _script("grpc_server"), "grpcio", "grpc", remark=_IN_NATIVE_CODE),
    Server(
        "Robyn", _script("robyn_server"), "robyn",
        remark=_IN_NATIVE_CODE + "; gives up while its port answers, but with `_check_port=False`",
    ),
    Server("aiosmtpd", _script("aiosmtpd_server"), "aiosmtpd", "smtp"),
    Server("pyftpdlib", _script("pyftpdlib_server"), "pyftpdlib", "ftp"),
    Server("RPyC", _script("rpyc_server"), "rpyc", "rpyc"),
    Server("Pyro5", _script("pyro_server"), "Pyro5", "pyro"),
    Server(
        "asyncssh", _script("asyncssh_server"), "asyncssh", "ssh",
        remark="not HTTP: whether a session is busy cannot be seen; it gets a second at the stop",
    ),
)  # fmt: skip

ALL = STANDARD_LIBRARY + WSGI + ASGI + OTHERS
