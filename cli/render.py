"""Views to the table of `pm list` and the lines of outcomes. Pure: time and width are given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pm.model import AppView, ListenerView, Mode, State, WorkerView

from .clock import remarks
from .table import Cell, draw, paint, squeeze, table_width
from .text import clean, duration, size, width

COLOUR_OF = {
    State.ONLINE: "green",
    State.LAUNCHING: "blue",
    State.DRAINING: "blue",
    State.STOPPING: "blue",
    State.WAITING: "yellow",
    State.SCHEDULED: "blue",
    State.STOPPED: "red",
    State.ERRORED: "red",
}

_WIDE = ("id", "name", "namespace", "mode", "pid", "uptime", "↺", "status", "cpu", "mem", "listens")
_LAYOUTS = (
    _WIDE,
    _WIDE[:-1],
    ("id", "name", "mode", "pid", "uptime", "↺", "status", "cpu", "mem"),
    ("id", "name", "mode", "↺", "status", "cpu", "mem"),
    ("id", "name", "status", "cpu", "mem"),
)


class Screen(NamedTuple):
    """What is printed on: `columns` is None where lines may be as long as they are."""

    columns: int | None
    colour: bool
    now: float


def app_table(apps: Sequence[AppView], screen: Screen) -> str:
    """Draw one row a worker, in the widest layout that fits, and the reasons below it."""
    cells = [_cells(app, worker, screen.now) for app in apps for worker in _workers(app)]
    return (
        fitted(_LAYOUTS, cells, screen)
        + _reasons(apps, screen)
        + remarks(apps, screen.now, screen.colour)
    )


def fitted(
    layouts: Sequence[Sequence[str]], cells: Sequence[Mapping[str, Cell]], screen: Screen
) -> str:
    """Draw rows, given by their columns' titles, in the first layout that fits."""
    for layout in layouts:
        rows = [[row[title] for title in layout] for row in cells]
        if screen.columns is None or table_width(layout, rows) <= screen.columns:
            return draw(layout, rows, screen.colour)
    return _squeezed(layout, rows, screen)


def where(listeners: Iterable[ListenerView]) -> str:
    """Name the listeners in short: "127.0.0.1:8000 +1"."""
    names = [address(one) for one in listeners]
    return names[0] + (f" +{len(names) - 1}" if len(names) > 1 else "") if names else ""


def address(listener: ListenerView) -> str:
    """Return where an app listens, safe to print."""
    return clean(listener.text)


def uptime(worker: WorkerView, now: float) -> str:
    """Return how long the worker's process has lived, "0" if there is none."""
    return duration(now - worker.started_at) if worker.pid and worker.started_at else "0"


def _workers(app: AppView) -> Sequence[WorkerView]:
    return app.workers or (WorkerView(slot=0, state=app.state),)


def _cells(app: AppView, worker: WorkerView, now: float) -> dict[str, Cell]:
    return {
        "id": (str(worker.id) if worker.id >= 0 else "-", "cyan"),
        "name": (clean(app.name), ""),
        "namespace": (clean(app.namespace), ""),
        "mode": (app.exec_mode.value, "blue" if app.exec_mode is Mode.CLUSTER else ""),
        "pid": (str(worker.pid or "-"), ""),
        "uptime": (uptime(worker, now), ""),
        "↺": (str(worker.restarts), ""),
        "status": (_status(app, worker), COLOUR_OF[worker.state]),
        "cpu": (f"{round(worker.cpu, 1):g}%", ""),
        "mem": (size(worker.memory), ""),
        "listens": (where(app.listeners), ""),
    }


def _status(app: AppView, worker: WorkerView) -> str:
    """Return its state; of one that is not begun yet, what its app waits for."""
    if worker.state is not State.LAUNCHING or worker.pid or not app.waits_for:
        return worker.state.value
    first, *others = app.waits_for
    return clean(f"waiting for {first}") + (f" +{len(others)}" if others else "")


def _squeezed(layout: Sequence[str], rows: Sequence[Sequence[Cell]], screen: Screen) -> str:
    """Cut status, then name, so that the smallest layout fits in most terminals."""
    for title, least in (("status", 7), ("name", 4)):
        over = table_width(layout, rows) - (screen.columns or 0)
        if over > 0 and rows and title in layout:
            column = layout.index(title)
            longest = max(width(row[column][0]) for row in rows)
            rows = squeeze(rows, column, max(least, longest - over))
    return draw(layout, rows, screen.colour)


def _reasons(apps: Sequence[AppView], screen: Screen) -> str:
    lines = []
    for app in apps:
        bad = [w for w in app.workers if w.state is State.ERRORED]
        if bad or app.state is State.ERRORED:
            said = dict.fromkeys(r for r in (app.reason, *(w.reason for w in bad)) if r)
            mark = paint("✗", "red", screen.colour)
            why = "; ".join(said) or f"`pm describe {app.name}` may say why"
            lines.append(f"\n{mark} {clean(f'{app.name} is errored: {why}')}")
    return "".join(lines)
