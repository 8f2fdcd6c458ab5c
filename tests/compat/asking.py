"""Clients for the protocols of the servers: each asks for the slot that answers."""

from __future__ import annotations

import ftplib
import smtplib
import socket
import ssl
import xmlrpc.client
from collections.abc import Callable
from typing import Any

from tests.load import TIMEOUT, Asker, Client, Failed

Place = int | str
"""A port of 127.0.0.1, or the path of a unix socket."""


class TlsClient(Client):
    """HTTPS, with whatever certificate."""

    def connect(self) -> socket.socket:
        """Open a connection and shake hands."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(super().connect())


class Ipv6Client(Client):
    """HTTP to ::1."""

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("::1", self.port), TIMEOUT)


class UnixClient(Client):
    """HTTP over a unix socket."""

    def __init__(self, path: str, keepalive: bool = False, word: str = "/") -> None:
        super().__init__(0, keepalive, word)
        self._address = path

    def connect(self) -> socket.socket:
        """Open a connection."""
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(TIMEOUT)
        sock.connect(self._address)
        return sock


class Once:
    """A client of another protocol: connects, asks and leaves, each time."""

    def __init__(self, ask: Callable[[int, str], str], port: int, path: str) -> None:
        self._ask = ask
        self._port = port
        self._path = path

    def get(self) -> str:
        """Ask once; raises Failed."""
        try:
            return self._ask(self._port, self._path)
        except Exception as error:  # each library has errors of its own
            raise Failed(f"{type(error).__name__}: {error}") from None

    def close(self) -> None:
        """Have nothing to close."""


def _seconds(path: str) -> float:
    return 2.0 if path == "/slow" else 0.0


def _xmlrpc(port: int, path: str) -> str:
    with xmlrpc.client.ServerProxy(f"http://127.0.0.1:{port}/") as proxy:
        return str(proxy.slot(_seconds(path)))


def _websocket(port: int, path: str) -> str:
    from websockets.sync.client import connect

    with connect(f"ws://127.0.0.1:{port}/", proxy=None) as ws:
        ws.send(path)
        return str(ws.recv())


def _grpc(port: int, path: str) -> str:
    import grpc

    # a channel of its own: gRPC shares connections between channels of one address
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options) as channel:
        answer: bytes = channel.unary_unary("/compat/Slot")(path.encode(), timeout=TIMEOUT)
    return answer.decode()


def _smtp(port: int, path: str) -> str:
    with smtplib.SMTP("127.0.0.1", port, timeout=TIMEOUT) as mail:
        return mail.docmd("HELP", path if path == "/slow" else "")[1].decode()


def _ftp(port: int, _path: str) -> str:
    with ftplib.FTP(timeout=TIMEOUT) as ftp:
        ftp.connect("127.0.0.1", port)
        return ftp.getwelcome().removeprefix("220 ")


def _rpyc(port: int, path: str) -> str:
    import rpyc

    conn: Any = rpyc.connect("127.0.0.1", port, keepalive=False)
    try:
        return str(conn.root.slot(_seconds(path)))
    finally:
        conn.close()


def _pyro(port: int, path: str) -> str:
    import Pyro5.api

    with Pyro5.api.Proxy(f"PYRO:slot@127.0.0.1:{port}") as proxy:
        return str(proxy.slot(_seconds(path)))


def _ssh(port: int, path: str) -> str:
    import asyncio

    import asyncssh

    async def ask() -> str:
        async with asyncssh.connect(
            "127.0.0.1", port, known_hosts=None, config=None, client_keys=None, username="any"
        ) as conn:
            return str((await conn.run(path, check=True)).stdout)

    return asyncio.run(ask())


_HTTP: dict[str, Callable[..., Client]] = {
    "http": Client, "https": TlsClient, "http6": Ipv6Client, "unix": UnixClient,
}  # fmt: skip
_OTHERS: dict[str, Callable[[int, str], str]] = {
    "xmlrpc": _xmlrpc, "websocket": _websocket, "grpc": _grpc, "smtp": _smtp, "ftp": _ftp,
    "rpyc": _rpyc, "pyro": _pyro, "ssh": _ssh,
}  # fmt: skip


def has_keepalive(protocol: str) -> bool:
    """Say whether one connection can carry several requests here."""
    return protocol in _HTTP


def client(protocol: str, place: Place, path: str = "/", keepalive: bool = False) -> Asker:
    """Make a client."""
    if protocol in _HTTP:
        return _HTTP[protocol](place, keepalive, path)
    assert isinstance(place, int)
    return Once(_OTHERS[protocol], place, path)
