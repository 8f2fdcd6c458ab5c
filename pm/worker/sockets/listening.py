"""The listeners of a worker: sockets whose fd is a hand-off channel of the master.

The real listener is parked on another fd and answers for addresses and options. Entries are
found by the inode of the channel, so dup'ed and forked fds are found too.
"""

from __future__ import annotations

import _socket
import errno
import os
import socket

from .. import here
from ..link import CONNECTION, MOVED, RAW, WAKE, park, received_fds, release
from . import loops, openfds, sharing, taking
from .connection import Connection
from .replacing import replace

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any

_NEAR_LIMIT = 16


class Listening:
    """One listener of this worker."""

    def __init__(self, key: str, base: tuple[Any, ...], index: int, parked: RAW) -> None:
        self.key = key
        self.base = base
        self.index = index
        self.parked = parked
        """The real listener."""
        self.pid = os.getpid()
        self.name: str | bytes = ""
        """What a unix listener was bound to, as the app wrote it."""
        self.listens = False
        self.backlog = 0
        self.shut = False
        """shutdown() was called: accept() fails from then on."""
        self.first = False
        """True if the real listener is the very socket that this app made."""
        self.channel: RAW | None = None
        """Where the listener is shared: the hand-off channel, beside it."""

    def close(self) -> None:
        """Close what the app does not hold itself."""
        release(self.parked.detach())
        if self.channel is not None:
            release(self.channel.detach())


_by_inode: dict[int, Listening] = {}


def find(sock: RAW) -> Listening | None:
    """Return the listener behind a socket, None for an ordinary socket."""
    if not _by_inode:
        return None
    try:
        return _by_inode.get(os.fstat(sock.fileno()).st_ino)
    except OSError:
        return None


def serves(family: int, host: str, port: int) -> bool:
    """True if this process listens on an address by way of the master."""
    return any(
        entry.listens and entry.base[0] == family and entry.parked.getsockname()[:2] == (host, port)
        for entry in _by_inode.values()
    )


def free_index(base: tuple[Any, ...]) -> int:
    """Return the lowest index not in use here for an address (Node: counted per address)."""
    _forget_lost(base)
    used = {entry.index for entry in _by_inode.values() if entry.base == base}
    return next(i for i in range(len(used) + 1) if i not in used)


def _forget_lost(base: tuple[Any, ...]) -> None:
    """Close the listeners of an address whose sockets were dropped without close()."""
    for inode, entry in list(_by_inode.items()):
        if entry.base == base and entry.pid == os.getpid() and not _is_held(inode, entry):
            _forget(inode, entry)


def swap(sock: RAW, entry: Listening, channel: int) -> None:
    """Put the hand-off channel under the app's fd number, its flags kept."""
    fd = sock.fileno()
    os.set_blocking(channel, sock.gettimeout() is None)
    replace(fd, channel)
    os.close(channel)
    keep(sock, entry)


def keep(sock: RAW, entry: Listening) -> None:
    """Take note that the channel under a socket's fd belongs to a listener."""
    _by_inode[os.fstat(sock.fileno()).st_ino] = entry


def put(entry: Listening, channel: int) -> None:
    """Put another socket, a hand-off channel mostly, under every fd of a listener."""
    (inode,) = [inode for inode, other in _by_inode.items() if other is entry]
    for fd in openfds.fds_of(inode):
        os.set_blocking(channel, os.get_blocking(fd))
        replace(fd, channel)
    del _by_inode[inode]
    _by_inode[os.fstat(channel).st_ino] = entry
    os.close(channel)


def ask(sock: RAW, message: dict[str, object], base: tuple[Any, ...]) -> None:
    """Send the app's own socket to the master, which binds or adopts it, and swap it.

    Raises OSError with the master's errno.
    """
    assert here.link is not None
    index = free_index(base)
    message = {**message, "index": index, "pid": os.getpid()}
    answer, fds = here.link.ask(message, [sock.fileno()])
    begin(sock, answer, fds, base, index)


def begin(
    sock: RAW, answer: dict[str, object], fds: list[int], base: tuple[Any, ...], index: int = 0
) -> Listening:
    """Make a socket the listener that the master has answered with: a channel, and whose it is.

    Without a second fd the listener is the app's own socket.
    """
    own = len(fds) == 1
    parked = park(os.dup(sock.fileno()) if own else fds[1])
    entry = Listening(str(answer["key"]), base, index, _raw(sock, parked))
    entry.first = own
    if answer.get("shared"):
        sharing.share(sock, entry, fds[0])
        keep(sock, entry)
    else:
        swap(sock, entry, fds[0])
    return entry


def listen(entry: Listening, backlog: int) -> None:
    """Begin to take connections; raises OSError with the master's errno."""
    assert here.link is not None
    here.link.ask({"do": "listen", "key": entry.key, "backlog": backlog}, [])
    entry.listens = True
    entry.backlog = backlog


def accept(sock: socket.socket, entry: Listening) -> tuple[Connection, Any]:
    """Take the next connection from the channel, as accept(2) would: see `take`."""
    with taking.Shown() as shown:
        fd, peer = take(sock, entry, shown)
        conn = Connection(sock.family, sock.type, sock.proto, fileno=fd)
        conn.watch(entry.key, peer)
    if socket.getdefaulttimeout() is None and sock.gettimeout():
        conn.setblocking(True)
    loops.watch()
    return conn, conn.getpeername() if sock.family == socket.AF_UNIX else address_of(peer)


def take(sock: RAW, entry: Listening, shown: taking.Shown) -> tuple[int, bytes]:
    """Take the next connection's fd and its peer's address, as it came, from the channel.

    Raises BlockingIOError, timeout, EMFILE as a real listener, ECONNABORTED when woken.
    """
    if entry.channel is not None:
        return sharing.take(sock, entry, shown)
    while True:
        if entry.shut:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        _leave_room(sock)
        data, ancillary = shown.receive(sock)
        if not data:
            _silence(sock)
        elif data[0] in (CONNECTION, MOVED):
            fds = received_fds(ancillary)
            if not fds:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            if data[0] == MOVED:  # the worker before may have left it non-blocking
                os.set_blocking(fds[0], True)
            return fds[0], data[1:]
        elif data[0] == WAKE and not entry.shut and sock.gettimeout() != 0.0 and _wakes():
            raise OSError(errno.ECONNABORTED, os.strerror(errno.ECONNABORTED))


def _wakes() -> bool:
    """True if a blocked accept() is to end; not in a program that is ending around it."""
    if not here.member:
        return True
    from .. import farewell

    return not farewell.leaves_threads_alone()


def address_of(peer: bytes) -> tuple[Any, ...] | str:
    """Return the address that came with a connection as Python has it; none is a unix client's."""
    if not peer.rstrip(b"\0"):
        return ""
    host, *numbers = peer.rstrip(b"\0").decode("ascii").split(" ")
    return (host, *map(int, numbers))


def _leave_room(sock: RAW) -> None:
    """Raise EMFILE while the message is still in the queue: recvmsg would lose its fd."""
    try:
        os.close(os.dup(sock.fileno()))
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise


def _silence(sock: RAW) -> None:
    """Put a silent fd in the place of a channel whose master is gone.

    An event loop on a channel at end of file would spin.
    """
    entry = _by_inode.pop(os.fstat(sock.fileno()).st_ino, None)
    ours, silent = _socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    _keep.append(ours)
    if entry is not None:
        swap(sock, entry, silent.detach())


_keep: list[RAW] = []


def shut(entry: Listening) -> None:
    """Take no more connections and end a blocked accept(), as shutdown(2) on a listener does."""
    entry.shut = True
    here.say({"do": "shut", "key": entry.key})


def leave() -> None:
    """Close what an app does not know of, before the interpreter complains of it."""
    for entry in list(_by_inode.values()):  # a thread that lives on may close one
        entry.close()
    if here.link is not None:
        here.link.close()


def closing(sock: RAW) -> None:
    """Tell the master if this was the last fd of a listener, in the process that bound it."""
    fd = sock.fileno()
    entry = find(sock)
    if entry is None or entry.pid != os.getpid():
        return
    inode = os.fstat(fd).st_ino
    if not _is_held(inode, entry, fd):
        _forget(inode, entry)


def give_back(sock: RAW, entry: Listening) -> None:
    """Make a bound socket ordinary again, for a client that bound its source address."""
    inode = os.fstat(sock.fileno()).st_ino
    replace(sock.fileno(), entry.parked.fileno())
    os.set_blocking(sock.fileno(), sock.gettimeout() is None)
    _forget(inode, entry)


def _forget(inode: int, entry: Listening) -> None:
    del _by_inode[inode]
    entry.close()
    here.say({"do": "close", "key": entry.key, "pid": os.getpid()})


def _is_held(inode: int, entry: Listening, closing: int = -1) -> bool:
    """True if the app has the channel on another fd, or a child of it has."""
    ours = (closing, entry.parked.fileno())
    if any(fd not in ours for fd in openfds.fds_of(inode)):
        return True
    return here.has_children and openfds.is_held_elsewhere(inode)


def _raw(sock: RAW, fd: int) -> RAW:
    return RAW(sock.family, sock.type, sock.proto, fd)
