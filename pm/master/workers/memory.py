"""What processes use of the machine's memory: proc(5)."""

from __future__ import annotations

from .. import process


def bound_of(pid: int) -> int:
    """Return the most that a process and its descendants can use, in bytes: quick to read.

    Resident pages and swap, those shared with others counted in full.
    """
    return sum(_sum(f"/proc/{one}/status", _BOUND) for one in process.family_of(pid))


def used_by(pid: int) -> int:
    """Return what a process and its descendants use, in bytes.

    Their proportional share (Pss) of each page, swapped ones too: a page that workers share
    since their fork is counted once among them all, and one that only a worker's own children
    share is counted once for it. RSS would count both for each process, and the private pages
    alone (USS) neither. The kernel walks the page tables for it: 0.2 ms, and 4 ms a GB.
    """
    return sum(_share(one) for one in process.family_of(pid))


def _share(pid: int) -> int:
    """Return the share of one process; where we may not look, the bound."""
    return _sum(f"/proc/{pid}/smaps_rollup", _SHARE) or _sum(f"/proc/{pid}/status", _BOUND)


_BOUND = (b"VmRSS:", b"VmSwap:")
_SHARE = (b"Pss:", b"SwapPss:")


def _sum(path: str, names: tuple[bytes, ...]) -> int:
    """Return the sum of some lines of a table in kB; 0 for a process that has ended."""
    try:
        with open(path, "rb") as file:
            lines = file.read().split(b"\n")
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(names))
