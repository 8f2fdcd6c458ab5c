"""Unix listeners: bind() joins the app's listener, whose file outlives a worker's unlink().

Servers remove the socket's file before they bind and when they end. While other workers of the
app serve on it, removing it would shut their clients out, so `unlink`, `remove`, `rename` and
`replace` of `os` are patched: the file of a listener that the master holds stays. Where the file
has gone all the same, the next bind() makes a new one.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys

from .. import here
from ..link import RAW, park, release
from . import listening, socketfile
from .listening import Listening

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any, Callable

_PRIVATE = ("multiprocessing.connection", "multiprocessing.forkserver", "gunicorn.ctl.server")
"""Modules whose unix listeners belong to one process: what they speak of lives there."""
_DEEP = 16
_LONGEST = 512

_known: dict[str, Listening] = {}
"""Listeners by the absolute path of their file, for when no master is there to be asked."""


def install() -> None:
    """Patch the functions of os; once, before the app's first import."""
    for name, around in _AROUND.items():
        Patched(name, around)


def bind(sock: socket.socket, address: Any) -> None:
    """Bind a unix stream socket, or join the listener of the other workers.

    Raises what bind(2) raises here, in the worker.
    """
    name = _name_of(address)
    if not name or RAW.getsockname(sock) or _is_private():
        return RAW.bind(sock, address)
    assert here.link is not None
    message: dict[str, object] = {"path": name, "pid": os.getpid()}
    answer, fds = here.link.ask({**message, "do": "claim"}, [])
    if not fds:
        _bind_here(sock, address, name)
        answer, fds = here.link.ask({**message, "do": "keep"}, [sock.fileno()])
    entry = listening.begin(sock, answer, fds, (int(sock.family), name, 0))
    entry.name = os.fsdecode(address) if name[0] == "/" else entry.parked.getsockname()
    _known[name] = entry


def _bind_here(sock: socket.socket, address: Any, name: str) -> None:
    """Bind for real; a file that nobody listens on any more is in nobody's way."""
    assert here.link is not None
    try:
        try:
            RAW.bind(sock, address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not socketfile.is_stale(name):
                raise
            _plain["unlink"](address)
            RAW.bind(sock, address)
    except BaseException as error:
        number = error.errno if isinstance(error, OSError) else 0
        here.link.tell({"do": "waive", "path": name, "errno": number or 0}, [])
        raise


def _key(name: str) -> str:
    return f"{socketfile.KEY}{name}|0|0"


def _name_of(address: Any) -> str:
    """Return the absolute path, `@` and an abstract name, or nothing if it is neither."""
    try:
        text = os.fsdecode(address)
        if text[:1] == "\0":
            return "@" + text[1:]
        folder, base = os.path.split(text)
        name = os.path.join(os.path.realpath(folder), base) if base else ""
    except (TypeError, ValueError, OSError):  # bind() says what is wrong with it
        return ""
    return name if len(name) <= _LONGEST else ""


def _is_private() -> bool:
    frame: Any = sys._getframe(2)
    for _ in range(_DEEP):
        if frame is None:
            return False
        if frame.f_globals.get("__name__") in _PRIVATE:
            return True
        frame = frame.f_back
    return False


class Patched:
    """A function in the place of one of os; no method when it is a class's attribute, as that."""

    def __init__(self, name: str, around: Callable[..., Any]) -> None:
        self.__name__ = self.__qualname__ = name
        self.__module__ = "os"
        plain = getattr(os, name)
        self.__doc__ = plain.__doc__
        self.__wrapped__ = plain
        self._around = around
        _plain[name] = plain
        for kinds in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
            if plain in kinds:
                kinds.add(self)
        setattr(os, name, self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do what the plain function does, unless it would take a listener's name away."""
        if here.link is None or kwargs:
            return self.__wrapped__(*args, **kwargs)
        return self._around(self.__wrapped__, *args)

    def __reduce__(self) -> str:
        """Pickle as the plain function does: by name."""
        return self.__name__


_plain: dict[str, Callable[..., Any]] = {}


def _unlink(plain: Callable[..., Any], *args: Any) -> Any:
    if len(args) != 1:
        return plain(*args)
    if _is_socket(args[0]):
        return None if _is_spared(_name_of(args[0])) else plain(*args)
    try:
        return plain(*args)
    except FileNotFoundError:
        if _known and _known.pop(_name_of(args[0]), None) is not None:
            return None  # the master has removed it with the listener
        raise


def _is_socket(path: Any) -> bool:
    try:
        return stat.S_ISSOCK(os.lstat(path).st_mode)
    except (OSError, ValueError, TypeError):
        return False


def _is_spared(name: str) -> bool:
    assert here.link is not None
    try:
        answer, _ = here.link.ask({"do": "spare", "path": name}, [])
    except OSError:  # no master: the next one has this listener
        return name in _known
    return bool(answer["spared"])


def _rename(plain: Callable[..., Any], *args: Any) -> Any:
    """Let a listener that is bound under another name first (sanic's) join the one of that name."""
    entry = _known.get(_name_of(args[0])) if _known and len(args) == 2 else None
    name = _name_of(args[1]) if entry is not None else ""
    if entry is None or here.link is None or not name:
        return plain(*args)
    _, fds = here.link.ask({"do": "claim", "path": name, "pid": os.getpid()}, [])
    if fds:
        _join(entry, fds)
        _plain["unlink"](args[0])
    else:
        try:
            plain(*args)
        except BaseException:
            here.link.tell({"do": "waive", "path": name, "errno": 0}, [])
            raise
    here.link.ask({"do": "rename", "path": name, "from": entry.key}, [])
    del _known[_name_of(args[0])]
    entry.key = _key(name)
    _known[name] = entry
    if fds and entry.listens:
        listening.listen(entry, entry.backlog)


def _join(entry: Listening, fds: list[int]) -> None:
    channel, listener = fds
    release(entry.parked.detach())
    entry.parked = RAW(socket.AF_UNIX, socket.SOCK_STREAM, 0, park(listener))
    entry.first = False
    if entry.channel is None:
        listening.put(entry, channel)
    else:
        release(entry.channel.detach())
        entry.channel = RAW(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, park(channel))
        listening.put(entry, os.dup(entry.parked.fileno()))


_AROUND = {"unlink": _unlink, "remove": _unlink, "rename": _rename, "replace": _rename}
