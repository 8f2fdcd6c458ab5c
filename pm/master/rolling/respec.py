"""Another spec for an app that runs: what the master itself does by it, beside its workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...home import log_files
from ...logindex import index_path
from ...model import AppSpec
from ..output.logs import LogPath, LogPlan, Rotation
from ..output.logstyle import Style

if TYPE_CHECKING:
    from ..app import App


def respecify(app: App, spec: AppSpec) -> None:
    """Go on by another spec, once its workers run or are about to."""
    app.spec = spec
    app.news.dirty = app.news.respecified = True
    app.listeners.schedule(spec.queue_depth)
    app.listeners.activation.only(spec.listen)
    app.words.logs.rearrange(log_plan(app.home, spec))


def log_plan(home: str, spec: AppSpec) -> LogPlan:
    """Return which log files a spec asks for."""
    out, error, both = log_files(home, spec)
    rotation = Rotation(spec.log_max_size, spec.log_keep, spec.log_compress)

    def path(name: str, stream: str) -> LogPath:
        return LogPath(name, index_path(home, spec.name, stream))

    style = Style(spec.name, spec.log_date_format, spec.log_type)
    third = path(both, "log") if both else None
    return LogPlan(path(out, "out"), path(error, "error"), third, rotation, style)
