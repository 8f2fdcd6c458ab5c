"""Load from wrk and ab where they are installed, else from the built-in client (far slower)."""

from __future__ import annotations

import re
import time

from .bench import Bench
from .probe import Load
from .processes import run


def keep_alive(bench: Bench, port: int, seconds: float) -> float:
    """Return requests a second over 64 kept-alive connections."""
    if not bench.tools.wrk:
        return _built_in(port, seconds, True)
    duration = str(max(1, round(seconds)))
    url = f"http://127.0.0.1:{port}/"
    return _number(
        r"Requests/sec:\s+([\d.]+)", run([bench.tools.wrk, "-t1", "-c64", f"-d{duration}s", url])
    )


def new_connections(bench: Bench, port: int, requests: int, clients: int = 50) -> float:
    """Return requests a second, each over a connection of its own."""
    if not bench.tools.ab:
        return _built_in(port, 2, False)
    url = f"http://127.0.0.1:{port}/"
    # -l: answers differ in length when process ids do.
    output = run([bench.tools.ab, "-l", "-q", f"-c{clients}", f"-n{requests}", url])
    if (failed := _number(r"Failed requests:\s+(\d+)", output)) > 0:
        raise RuntimeError(f"ab: {failed:.0f} failed requests on port {port}")
    return _number(r"Requests per second:\s+([\d.]+)", output)


def _built_in(port: int, seconds: float, keep: bool) -> float:
    begin = time.monotonic()
    with Load(port, 16, keep) as load:
        time.sleep(seconds)
    return load.requests / (time.monotonic() - begin)


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"no {pattern!r} in: {text[-400:]}")
    return float(found[1])
