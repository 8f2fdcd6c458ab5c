"""Becomes a program that finds its listeners as fds 3 and up: `python -I -S activate.py FDS PROGRAM
ARG...`, FDS being the numbers they have so far, with commas between.

LISTEN_PID has to be the program's own pid, which nobody knows before there is a process: so this
one takes the place of fork, and exec follows.
"""

from __future__ import annotations

import fcntl
import os
import sys

_FIRST = 3  # SD_LISTEN_FDS_START


def main(fds: list[int], words: list[str]) -> int:
    """Become the program; returns, with exit code 127, only if it cannot be run."""
    # first out of the way: one's place may be another's number
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _FIRST + len(fds)) for fd in fds]
    for fd in fds:
        os.close(fd)
    for number, fd in enumerate(high, _FIRST):
        os.dup2(fd, number)
    os.environ["LISTEN_FDS"] = str(len(fds))
    os.environ["LISTEN_PID"] = str(os.getpid())
    try:
        os.execvp(words[0], words)
    except OSError as error:
        print(f"cannot run {words[0]}: {error.strerror}", file=sys.stderr)
        return 127  # as sh(1) does


if __name__ == "__main__":
    sys.exit(main([int(fd) for fd in sys.argv[1].split(",")], sys.argv[2:]))
