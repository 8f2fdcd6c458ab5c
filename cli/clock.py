"""What pm does to an app of its own accord, in words: schedules, runs of jobs, watching. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from pm.model import AppView
from pm.upkeep import CronView, Run, WatchView

from .moment import moment
from .table import paint
from .text import clean, duration

Rows = list[tuple[str, str]]


def rows(app: AppView, now: float) -> Rows:
    """Return what `describe` says of it."""
    found: Rows = []
    if app.watch is not None:
        found += [("watch", _watching(app.watch)), ("last change", _change(app.watch))]
    if app.cron is not None:
        found.append(("schedule", _pattern(app.cron)))
        found.append(("next run" if app.cron.job else "next reload", _next(app.cron, now)))
    if app.cron is not None and app.cron.job:
        found += [("last run", _last(app.cron)), ("skipped", str(app.cron.skipped or ""))]
    return found


def remarks(apps: Iterable[AppView], now: float, colour: bool) -> str:
    """Return a line under the table of `list` for each job, and for what cannot be watched."""
    lines = []
    for app in apps:
        if app.cron is not None and app.cron.job and (app.cron.next_at or app.cron.running):
            lines.append(_job(app, app.cron, now, colour))
        if app.watch is not None and app.watch.trouble:
            mark = paint("✗", "red", colour)
            lines.append(f"{mark} {clean(f'{app.name} is not watched: {app.watch.trouble}')}")
    return "".join(f"\n{line}" for line in lines)


def _job(app: AppView, cron: CronView, now: float, colour: bool) -> str:
    failed = cron.last is not None and not cron.last.well
    mark = paint("✗", "red", colour) if failed else paint("◷", "blue", colour)
    said = f"runs since {moment(cron.running)}" if cron.running else f"waits for {_next(cron, now)}"
    parts = [said, f"last run {_last(cron)}" if cron.last else "", _skipped(cron)]
    return f"{mark} {clean(app.name)} {clean('; '.join(part for part in parts if part))}"


def _next(cron: CronView, now: float) -> str:
    if not cron.next_at:
        return "never" if not cron.running else ""
    return f"{moment(cron.next_at)} (in {duration(cron.next_at - now)})"


def _last(cron: CronView) -> str:
    return _run(cron.last) if cron.last else "none yet"


def _run(run: Run) -> str:
    return f"{moment(run.at)}: {run.text}"


def _skipped(cron: CronView) -> str:
    """Say how many runs were refused because the one before still ran."""
    return f"{cron.skipped} skipped" if cron.skipped else ""


def _pattern(cron: CronView) -> str:
    return f"{cron.pattern}, {cron.timezone}" if cron.timezone else cron.pattern


def _watching(watch: WatchView) -> str:
    if watch.trouble:
        return f"nothing: {watch.trouble}"
    folders = f"{watch.folders} folder{'' if watch.folders == 1 else 's'}"
    return f"{', '.join(watch.paths)} ({folders})"


def _change(watch: WatchView) -> str:
    return f"{watch.file}, {moment(watch.at)}" if watch.at else ""
