"""Memory of daemon, master, template and workers: resident, and private to the process."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager

from ..bench import Bench, app, free_port
from ..figures import Result, Table, median, spread
from ..managers import MANAGERS, Pm, Program
from ..probe import wait_for_workers
from ..processes import Memory, memory, run
from ..subjects import Subject, gunicorn

WORKERS = 2
PRELOAD = ("--preload", "http.server", "--preload", "heavy_modules")
BUDGETS = {"daemon": ("RSS", 40), "master": ("private", 12)}


def measure(bench: Bench) -> Result:
    """Measure pm with three apps, gunicorn with the same import, and the peers' daemons."""
    result = Result()
    _parts(bench, result)
    heavy = result.table(
        f"Workers of an app with a heavy import, {WORKERS} workers, MB", "server", "RSS", "private"
    )
    ours = [_heavy(bench, heavy, *options) for options in ((), PRELOAD)]
    if bench.has("gunicorn"):
        _gunicorn(heavy, gunicorn(bench, "gunicorn", WORKERS, "heavy_wsgi:app"))
        words = ("--preload", "heavy_wsgi:app")
        theirs = _gunicorn(heavy, gunicorn(bench, "gunicorn --preload", WORKERS, *words))
        result.judge(
            "private memory of a preloaded worker", f"as gunicorn --preload: {theirs:.1f} MB",
            f"{ours[1]:.1f} MB", ours[1] <= theirs * 1.15 + 1,
        )  # fmt: skip
    else:
        heavy.absent("gunicorn")
    _daemons(bench, result)
    return result


def _parts(bench: Bench, result: Result) -> None:
    table = result.table(
        f"pm with one app (http.server, {WORKERS} workers), MB", "process", "RSS", "private"
    )
    port = free_port()
    manager = Pm(bench, Program("web", app("hello.py"), (str(port),), WORKERS))
    with manager:
        run(manager.start_command(), manager.environment)
        wait_for_workers(port, WORKERS)
        parts = {**manager.pids(), "worker": manager.workers()}
        for name, pids in parts.items():
            found = [memory(pid) for pid in pids]
            _row(table, name, found)
            if name in BUDGETS:
                _judge(result, name, found)


def _judge(result: Result, name: str, found: list[Memory]) -> None:
    kind, limit = BUDGETS[name]
    value = median([m.rss if kind == "RSS" else m.private for m in found])
    result.judge(
        f"memory of the {name}", f"<= {limit} MB {kind}", f"{value:.1f} MB", value <= limit
    )


def _heavy(bench: Bench, table: Table, *options: str) -> float:
    """Add the rows of one pm; return the median of the workers' private memory."""
    port = free_port()
    manager = Pm(bench, Program("web", app("heavy.py"), (str(port),), WORKERS))
    manager.options = options
    label = " ".join(("pm", *options[:1])).replace("--", "")
    with manager:
        run(manager.start_command(), manager.environment)
        wait_for_workers(port, WORKERS)
        found = [memory(pid) for pid in manager.workers()]
        _row(table, f"{label}: worker", found)
        _row(table, f"{label}: template", map(memory, manager.pids()["template"]))
    return median([m.private for m in found])


def _gunicorn(table: Table, opened: AbstractContextManager[Subject]) -> float:
    with opened as subject:
        found = [memory(pid) for pid in subject.workers]
        _row(table, f"{subject.label}: worker", found)
    return median([m.private for m in found])


def _daemons(bench: Bench, result: Result) -> None:
    table = result.table(
        "Daemons with 2 and with 100 processes, MB RSS / private", "daemon", "2", "100"
    )
    for kind in MANAGERS:
        if not bench.has(kind.needs):
            table.absent(kind.label)
            continue
        cells = []
        for count in (2, 100):
            with kind(bench, Program("nap", "sleep", ("1000",), count, python=False)) as manager:
                run(manager.start_command(), manager.environment)
                run(manager.list_command(), manager.environment)
                found = [memory(pid) for pid in manager.all_pids()]
                cells.append(" and ".join(f"{m.rss:.1f} / {m.private:.1f}" for m in found))
        table.add("pm: daemon, fork server and master" if kind is Pm else kind.label, *cells)


def _row(table: Table, label: str, found: Iterable[Memory]) -> None:
    known = list(found)
    table.add(label, spread([m.rss for m in known], 1), spread([m.private for m in known], 1))
