"""multiprocessing: spawned children and the fork server join the worker that starts them."""

from __future__ import annotations

from .. import tickets

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any

_JOIN = ("from multiprocessing.spawn import ", "from multiprocessing.forkserver import ")
"""How the programs begin; the resource tracker is another, and no business of ours."""


def adapt(util: Any) -> None:
    """Give tickets to the children that multiprocessing starts (its module `util`)."""
    plain = util.spawnv_passfds

    def spawnv_passfds(path: Any, args: Any, passfds: Any) -> int:
        words = list(args)
        found = [at for at, word in enumerate(words) if _joins(word)]
        ticket = tickets.issue() if found else None
        if ticket is None:
            pid: int = plain(path, args, passfds)
            return pid
        words[found[0]] = ticket.program(words[found[0]])
        pid = plain(path, words, [*passfds, *ticket.fds])
        return pid

    util.spawnv_passfds = spawnv_passfds


def _joins(word: object) -> bool:
    return isinstance(word, str) and word.startswith(_JOIN)
