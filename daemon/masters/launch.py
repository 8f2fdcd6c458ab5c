"""Start a master, or find one that lives already."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import struct
from collections.abc import Callable, Sequence

from pm.codec import dumps
from pm.control import Bootstrap, Forward, Forwarded, Happened, Status
from pm.errors import Failed
from pm.home import through
from pm.model import PROTOCOL
from pm.record import dataclass
from pm.wire import Channel

from ..records.record import Record
from . import runfile
from .kept import Kept
from .link import Link, Owner
from .process import Alive, hold
from .runfile import RunFile, socket_name
from .spawner import Spawner

_HELLO_TIMEOUT = 5.0


@dataclass(frozen=True)
class Place:
    """Where masters live, and how they are started."""

    home: str
    home_fd: int
    spawner: Spawner


def launch(place: Place, record: Record, slots: tuple[int, ...], kept: Kept, owner: Owner) -> Link:
    """Start a master that runs `slots`, on the kept listeners; raises Failed."""
    nonce = secrets.token_hex(16)
    boot = Bootstrap(
        protocol=PROTOCOL,
        spec=record.spec,
        home=place.home,
        nonce=nonce,
        slots=slots,
        generation=record.generation,
        listener_keys=kept.keys,
        known_to_listen=record.known_to_listen,
    )
    path = through(place.home_fd, "run", socket_name(record.name))
    try:
        with _listen(path) as control, _connect(path) as ours:
            fds = (control.fileno(), *kept.fds)
            process = place.spawner.start_master(record.name, dumps(boot) + b"\n", fds)
            runfile.begin(place.home, record.name, nonce, Alive(process.pid, process.start))
            channel = Channel(ours.dup())
    except OSError as error:
        reason = error.strerror or str(error)
        raise Failed(f"cannot start a master for `{record.name}`: {reason}") from None
    return Link(channel, process, nonce, owner)


def _listen(path: str) -> socket.socket:
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if os.path.lexists(path):
            os.unlink(path)
        control.bind(path)
        os.chmod(path, 0o600)
        control.listen(16)
    except OSError:
        control.close()
        raise
    return control


def _connect(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)  # a backlog that is full says so at once
    try:
        sock.connect(path)
    except OSError:
        sock.close()
        raise
    return sock


async def find(place: Place, run: RunFile, owner: Owner) -> Link | None:
    """Connect to the living master of a run file; None if there is none to talk to.

    A master that lives and does not answer is killed: it could not be controlled.
    """
    process = hold(run.master)
    if process is None:
        return None
    name = os.path.basename(run.path)[: -len("json")] + "sock"
    link = None
    try:
        sock = _connect(through(place.home_fd, "run", name))
        _refuse_strangers(sock)
        link = Link(Channel(sock), process, run.nonce, owner)
        await asyncio.wait_for(link.call("hello"), _HELLO_TIMEOUT)
        return link
    except (OSError, Failed, asyncio.TimeoutError):
        process.send(signal.SIGKILL)
        await (link.gone() if link else process.ended.wait())
        return None


class _Stranger:
    """Owner of a link that is only asked who it is."""

    status: Status | None = None

    def on_status(self, status: Status) -> None:
        self.status = status

    def on_happened(self, happened: Happened, request: str) -> None:
        """Leave the event to the one who adopts the master."""

    def on_forward(self, forward: Forward, answer: Callable[[Forwarded], None]) -> None:
        """Leave the message: its sender is told when this link ends."""

    def on_keep(self, keys: Sequence[str], fds: Sequence[int]) -> None:  # noqa: ARG002  # Owner
        for fd in fds:
            os.close(fd)

    def on_end(self, link: Link) -> None:
        """Nothing is known of it that could be lost."""


async def ask(place: Place, run: RunFile) -> Status | None:
    """Ask a living master that the store does not know what it runs."""
    stranger = _Stranger()
    link = await find(place, run, stranger)
    if link is None:
        return None
    link.leave()
    return stranger.status


def _refuse_strangers(sock: socket.socket) -> None:
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", raw)
    if uid != os.geteuid():
        raise Failed(f"the control socket belongs to uid {uid}")
