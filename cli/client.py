"""Ask the daemon: `call(request)` returns the answer's type or raises a PmError.

Whether a daemon lives is seen by connecting to its socket, never by waiting for an answer.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pm.errors import ConfigError, NoDaemon, PmError, error_of
from pm.home import default_home, open_home, through

from .zmtp import Closed, Peer

if TYPE_CHECKING:
    from pm.api import Request
    from pm.model import Event

R = TypeVar("R")

PROTOCOL = 2
"""Same number as pm.model.PROTOCOL, which is slow to import; a test compares them."""

_QUICK = {"ping", "list", "describe"}
_PATIENCE = 20.0
"""Seconds to wait for an answer that takes the daemon no work."""


class NothingRuns(NoDaemon):
    """No daemon, and nothing that one would have to take care of."""


class Interrupted(Exception):
    """Ctrl-C while the daemon works on the request; it goes on."""


def call(
    request: Request[R],
    *,
    wake: bool = False,
    progress: Callable[[Event], None] | None = None,
) -> R:
    """Ask and wait for the answer; `wake` starts a daemon even if nothing has ever run here.

    Raises NoDaemon if there is none or it speaks another protocol, else the daemon's PmError.
    """
    from pm.codec import from_plain, to_plain

    body = exchange(request.name, to_plain(request), wake=wake, progress=progress)
    try:
        return cast("R", from_plain(request.answer, body))
    except ConfigError as error:
        raise _strange(error) from None


def exchange(
    name: str,
    body: dict[str, Any],
    *,
    wake: bool = False,
    revive: bool = True,
    progress: Callable[[Event], None] | None = None,
) -> dict[str, Any]:
    """Do what `call` does with plain JSON, for commands that must not import the types.

    A daemon that has gone and left apps behind is started again, unless `revive` is False.
    """
    folder = open_home(default_home())
    try:
        sock = connect(folder, "rpc.sock") or _woken(folder, wake, revive)
        pid = peer_pid(sock)
        try:
            raw = _converse(sock, folder, name, body, progress)
        except TimeoutError:
            raise NoDaemon(
                f"the daemon (pid {pid}) does not answer", f"is it stopped? `ps {pid}` shows"
            ) from None
        except Closed as error:
            raise NoDaemon(
                f"the daemon went away before it answered ({error})",
                "`pm list` starts it again and shows what it had done",
            ) from None
        finally:
            sock.close()
        return _opened(raw, pid)
    finally:
        os.close(folder)


def connect(folder: int, name: str) -> socket.socket | None:
    """Connect to a socket in PM_HOME, given as an fd; None if nobody listens there."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.connect(through(folder, name))
    except (FileNotFoundError, ConnectionRefusedError):
        sock.close()
        return None
    except BaseException:
        sock.close()
        raise
    return sock


def peer_pid(sock: socket.socket) -> int:
    """Return the pid of the process that listens on the other end."""
    size = struct.calcsize("3i")
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    return int(struct.unpack("3i", raw)[0])


def _woken(folder: int, wake: bool, revive: bool) -> socket.socket:
    """Start a daemon where one is wanted: asked for, or something of a former one is left."""
    home = default_home()
    if not wake and not (revive and _left_behind(folder)):
        raise NothingRuns(f"no daemon runs in {home}", "`pm start app.py` starts one")
    from .spawn import spawn

    spawn(home)
    sock = connect(folder, "rpc.sock")
    if sock is None:
        raise NoDaemon("the daemon started and went away", f"read {home}/pm.log")
    return sock


def _left_behind(folder: int) -> bool:
    """Return True if a daemon died, not ended: its socket or masters are still there."""
    if any(name.endswith(".json") for name in os.listdir(through(folder, "run"))):
        return True
    there = os.path.lexists(through(folder, "rpc.sock"))
    return there and os.path.exists(through(folder, "state.db"))


def _converse(
    sock: socket.socket,
    folder: int,
    name: str,
    body: dict[str, Any],
    progress: Callable[[Event], None] | None,
) -> bytes:
    sock.settimeout(_PATIENCE)
    peer = Peer(sock, "REQ")
    ident = os.urandom(8).hex()
    envelope = {"protocol": PROTOCOL, "id": ident, "name": name, "body": body}
    payload = json.dumps(envelope, separators=(",", ":")).encode()
    if name not in _QUICK:
        sock.settimeout(None)
    try:
        if progress is None:
            peer.request(payload)
            return peer.reply()
        from .progress import follow

        return follow(peer, payload, connect(folder, "events.sock"), f"progress.{ident}", progress)
    except KeyboardInterrupt:
        raise Interrupted from None


def _opened(raw: bytes, pid: int) -> dict[str, Any]:
    try:
        reply = json.loads(raw)
        theirs, error, body = reply["protocol"], reply.get("error"), reply.get("body")
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise _strange(problem) from None
    if theirs != PROTOCOL:
        raise NoDaemon(
            f"the daemon (pid {pid}) speaks protocol {theirs}, this pm speaks {PROTOCOL}",
            f"end it with `kill {pid}` (its apps go on running) and repeat the command"
            if theirs < PROTOCOL
            else "use the newer pm that started it, or upgrade this one",
        )
    if error:
        raise error_of(error["code"], error["message"], error["hint"], error["lines"])
    return cast("dict[str, Any]", body or {})


def _strange(problem: Exception) -> PmError:
    text = problem.message if isinstance(problem, PmError) else str(problem)
    return NoDaemon(
        f"the daemon's answer makes no sense: {text}", "are daemon and pm of the same version?"
    )
