"""What os.close does in a program, as JSON: at any number, and at those that pm may have."""

import json
import os

ALL = range(4, 600)
"""3 is the board's in a worker: mmap has a dup of what it maps, which may be closed."""


class Holder:
    close = os.close


def closed(fd):
    """Return what closing says."""
    try:
        return os.close(fd)
    except (OSError, TypeError) as error:
        return [type(error).__name__, getattr(error, "errno", None), str(error)]


def taken():
    """Put files of the app's own at all numbers, whoever had them; close each, twice."""
    with open(os.devnull) as mine:
        kept = os.dup2(mine.fileno(), ALL.stop)
    for fd in ALL:
        os.dup2(kept, fd)
    os.close(kept)
    return [[closed(fd) for fd in ALL] for _ in range(2)]


def events():
    """Files without a name of their own, at numbers where pm had some."""
    made = [os.pidfd_open(os.getpid()) for _ in range(300)]
    return [[closed(fd) for fd in made] for _ in range(2)]


reader, writer = os.pipe()
one = [closed(reader), closed(reader), Holder().close(writer), closed(writer), closed(-1)]
facts = [os.close.__name__, os.close is os.close]
wrong = [closed(str(1))[0], closed(256.0)[0], closed([])[0]]
by_name = os.pipe()
named = [os.close(fd=fd) for fd in by_name]
every = [closed(fd) for fd in ALL]
print(json.dumps([one, facts, wrong, named, every, events(), taken(), events()]))
