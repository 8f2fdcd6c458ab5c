"""Another open file under an fd of the app, which event loops may know already.

An epoll instance knows the open file, not the number: what was registered before bind() would
never be heard of again. Its entries can be read in proc(5), so they are made anew.
"""

from __future__ import annotations

import os
import select

_Epoll = select.epoll  # as it is before gevent takes it out of its module
_NUMBER = 0xFFFFFFFF  # of the 64 bits, Python and libuv set these
_EPOLL = "anon_inode:[eventpoll]"


def replace(fd: int, file: int) -> None:
    """Put the open file of `file` under `fd`: registered and inherited as before."""
    entries = _take_out(fd)
    os.dup2(file, fd, inheritable=os.get_inheritable(fd))
    for epoll, events in entries:
        epoll.register(fd, events)
        epoll.close()


def _take_out(fd: int) -> list[tuple[select.epoll, int]]:
    """Take `fd` out of the epoll instances of this process; returns them, and for what it was in.

    Left out are entries that do not carry the number: only their owner can make them.
    """
    found = []
    inode = os.fstat(fd).st_ino
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{name}") != _EPOLL:
                continue
            with open(f"/proc/self/fdinfo/{name}", encoding="ascii") as file:
                events = _events(file.read(), fd, inode)
            if events is not None:
                epoll = _Epoll.fromfd(os.dup(int(name)))
                epoll.unregister(fd)
                found.append((epoll, events))
        except OSError:  # closed, or taken out by another thread, in between
            continue
    return found


def _events(text: str, fd: int, inode: int) -> int | None:
    """Return the events of a file in the `fdinfo` of an epoll instance, None if it has none."""
    for line in text.splitlines():
        # tfd:        5 events:       19 data:                5  pos:0 ino:61 sdev:a
        words = line.replace(":", " ").split()
        if words[:2] != ["tfd", str(fd)]:
            continue
        known = dict(zip(words[2::2], words[3::2]))
        same = "ino" not in known or int(known["ino"], 16) == inode
        if same and int(known["data"], 16) & _NUMBER == fd:
            return int(known["events"], 16)
    return None
