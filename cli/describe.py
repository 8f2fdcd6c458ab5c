"""One app in full, as `pm describe` shows it: what, workers, listeners, logs, events. Pure."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Iterable, Mapping

from pm.api import Detail
from pm.codec import to_plain
from pm.model import AppSpec, Event, Mode, Target, WorkerView

from . import clock
from .moment import moment
from .render import COLOUR_OF, Screen, address, fitted, uptime
from .secrets import masked
from .table import Cell, paint
from .text import clean, reason_of, shorten, size

_SHOWN_ELSEWHERE = {
    "name", "script", "cwd", "target", "args", "interpreter", "interpreter_args", "exec_mode",
    "instances", "namespace", "env", "env_set", "out_file", "error_file", "log_file", "depends_on",
}  # fmt: skip

_BYTES = {"max_memory_restart", "log_max_size"}

_ALL = ("id", "slot", "pid", "generation", "uptime", "↺", "status", "cpu", "mem", "served", "open")
_LAYOUTS = (
    _ALL,
    ("id", "slot", "pid", "uptime", "↺", "status", "cpu", "mem"),
    ("id", "pid", "↺", "status", "mem"),
    ("id", "pid", "status"),
)
"""Columns of the workers' table, for wide and narrower terminals."""

Rows = list[tuple[str, str]]

_MESSAGE = 200
"""Columns of a message that are shown; it may have a MiB."""


def describe(
    detail: Detail,
    screen: Screen,
    caller: Mapping[str, str],
    show_env: bool = False,
    words: Iterable[str] = (),
) -> str:
    """Return all sections; `caller` is the environment that the app's own is compared with.

    `words` are the last lines that an errored app wrote on standard error.
    """
    app = detail.app
    head = paint(clean(app.name), "bold", screen.colour)
    parts = [
        f"{head}  {paint(app.state.value, COLOUR_OF[app.state], screen.colour)}\n"
        + _lines(_what(detail, screen.now)),
        _titled("workers", _workers(app.workers, screen), screen),
        _titled("last lines of standard error", _indented(words), screen),
        _titled("listeners", _lines([(address(x), x.served) for x in app.listeners]), screen),
        _titled("log files", _lines(_logs(detail)), screen),
        _titled("options that are not the default", _lines(_options(detail.spec)), screen),
        _titled("notes", _indented(app.notes), screen),
        _titled(*_env(detail.spec.env, caller, show_env), screen),
        _titled("last events", _events(detail.events), screen),
    ]
    return "\n\n".join(part for part in parts if part)


def without_secrets(detail: Detail, show: bool) -> Detail:
    """Return the detail with its environment masked, for `--json`."""
    spec = dataclasses.replace(detail.spec, env=masked(detail.spec.env, show))
    return dataclasses.replace(detail, spec=spec)


def _what(detail: Detail, now: float) -> Rows:
    app, spec = detail.app, detail.spec
    script = f"-m {spec.script}" if spec.target is Target.MODULE else spec.script
    python = shlex.join((spec.interpreter, *spec.interpreter_args)) if spec.interpreter else ""
    count = f"{spec.instances} worker{'' if spec.instances == 1 else 's'}"
    return [
        ("wanted", app.wanted.value),
        ("reason", app.reason),
        ("script", script),
        ("args", shlex.join(spec.args)),
        ("cwd", spec.cwd),
        ("interpreter", python),
        ("mode", f"{app.exec_mode.value}, {count}"),
        ("namespace", app.namespace),
        ("depends on", ", ".join(f"{d.app} ({d.condition.value})" for d in spec.depends_on)),
        ("generation", str(app.generation or "")),
        ("master pid", str(app.master_pid or "")),
        ("created", moment(app.created_at)),
        *clock.rows(app, now),
    ]


def _workers(workers: Iterable[WorkerView], screen: Screen) -> str:
    rows: list[dict[str, Cell]] = [
        {
            "id": (str(w.id), "cyan"), "slot": (str(w.slot), ""), "pid": (str(w.pid or "-"), ""),
            "generation": (str(w.generation), ""), "uptime": (uptime(w, screen.now), ""),
            "↺": (str(w.restarts), ""), "status": (w.state.value, COLOUR_OF[w.state]),
            "cpu": (f"{round(w.cpu, 1):g}%", ""), "mem": (size(w.memory), ""),
            "served": (str(w.connections), ""), "open": (str(w.open), ""),
        }
        for w in workers
    ]  # fmt: skip
    reasons = [f"  slot {w.slot}: {clean(reason)}" for w in workers if (reason := _why(w))]
    return "\n".join([fitted(_LAYOUTS, rows, screen), *reasons]) if rows else ""


def _why(worker: WorkerView) -> str:
    if worker.reason:
        return worker.reason
    if worker.exit_signal:
        return f"last exit by {worker.exit_signal}"
    return f"last exit with code {worker.exit_code}" if worker.exit_code else ""


def _logs(detail: Detail) -> Rows:
    app = detail.app
    return [("out", app.out_file), ("error", app.error_file), ("both", app.log_file)]


def _options(spec: AppSpec) -> Rows:
    rows = []
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        if field.name not in _SHOWN_ELSEWHERE and value != field.default:
            rows.append((field.name, _option(field.name, value)))
    if spec.exec_mode is Mode.FORK and spec.target is not Target.COMMAND:
        rows.append(("exec_mode", "fork"))
    return rows


def _option(name: str, value: object) -> str:
    """Return a value much as a file of apps would say it."""
    if isinstance(value, float):
        return f"{value:g}s"
    if isinstance(value, int) and name in _BYTES:
        return size(value)
    if name == "umask":
        return f"{value:04o}"
    plain = to_plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _env(env: Mapping[str, str], caller: Mapping[str, str], show: bool) -> tuple[str, str]:
    """Show all variables if asked, else the names of those that differ from the caller's."""
    chosen = env if show else {k: v for k, v in env.items() if caller.get(k) != v}
    title = "environment" if show else "environment, where it differs from yours"
    return title, _lines(sorted(masked(chosen, show).items()))


def _events(events: Iterable[Event]) -> str:
    """Return one line an event, in columns."""
    rows = []
    for event in events:
        who = "" if event.slot is None else f"slot {event.slot}"
        who += f" pid {event.pid}" if event.pid else ""
        said = reason_of(event.kind, event.slot, event.reason)
        if event.kind == "message":
            said = shorten(said, _MESSAGE)
        rows.append((moment(event.at), event.kind, who.strip(), said))
    kinds = max((len(row[1]) for row in rows), default=0)
    longest = max((len(row[2]) for row in rows), default=0)
    return "\n".join(
        clean(f"  {at}  {kind:<{kinds}}  {who:<{longest}}  {said}").rstrip()
        for at, kind, who, said in rows
    )


def _indented(lines: Iterable[str]) -> str:
    return "\n".join(f"  {clean(line)}" for line in lines)


def _lines(rows: Iterable[tuple[str, str]]) -> str:
    kept = [(key, value) for key, value in rows if value]
    longest = max((len(key) for key, _ in kept), default=0)
    return "\n".join(f"  {key:<{longest}}  {clean(value)}" for key, value in kept)


def _titled(title: str, body: str, screen: Screen) -> str:
    return f"{paint(title, 'bold', screen.colour)}\n{body}" if body else ""
