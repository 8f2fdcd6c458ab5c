"""`pm logs`: the last lines of the log files, then what is added to them.

The files are read here, never through the daemon: it only says which they are, and by its
events when there are more.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Sequence

from cli.client import call, connect
from cli.logview import DAEMON, Form, Source, daemon_source, merged, shown, sources_of
from cli.screen import coloured
from cli.text import clean
from cli.zmtp import Peer
from pm.api import List
from pm.codec import loads
from pm.errors import PmError
from pm.home import default_home, open_home
from pm.logindex import Line
from pm.model import AppView, Event

_PAUSE = 0.1
"""Seconds between two looks at the files."""


def logs(
    selectors: Sequence[str],
    lines: int = 15,
    streams: frozenset[str] = frozenset(("out", "error")),
    form: Form = "prefix",
    follow: bool = True,
) -> int:
    """Print the last lines of the selected apps' logs, then follow until Ctrl-C."""
    view = _View(tuple(selectors), streams, form)
    fresh = view.look()
    if form == "prefix" and sys.stderr.isatty():
        print(f"the last {lines} lines of each log (--lines N for more)", file=sys.stderr)
    view.print(merged((source, source.follower.tail(lines)) for source in fresh))
    try:
        for _ in range(2):  # the second look gives a line that has no newline yet
            view.print_new()
        while follow and _has_reader():
            view.step()
    except KeyboardInterrupt:
        pass
    finally:
        view.close()
    return 0


def _has_reader() -> bool:
    """True unless whoever read our output is gone (`pm logs | head`), or the terminal."""
    poll = select.poll()
    poll.register(sys.stdout, 0)
    return not poll.poll(0)


class _View:
    """The files being followed and the subscription that tells of more."""

    def __init__(self, selectors: tuple[str, ...], streams: frozenset[str], form: Form) -> None:
        self._selectors, self._streams, self._form = selectors, streams, form
        self._home = default_home()
        self._folder = open_home(self._home)
        self._sources: dict[tuple[str, str], Source] = {}
        self._events: Peer | None = None
        self._looked = 0.0
        self._colour = coloured(sys.stdout)

    def look(self) -> list[Source]:
        """Ask which files there are, and return those that were not known."""
        self._looked = time.time()
        fresh = []
        if DAEMON in self._selectors and (DAEMON, "out") not in self._sources:
            fresh.append(daemon_source(self._home))
        for app in self._apps():
            for source in sources_of(app, self._home, self._streams):
                known = self._sources.get((app.name, source.stream))
                if known is None:
                    fresh.append(source)
                    continue
                source.follower.close()  # the known one goes on; only its ids may be new
                self._keep(Source(app.name, known.path, known.stream, source.ids, known.follower))
        for source in fresh:
            self._keep(source)
        return fresh

    def step(self) -> None:
        """Wait a moment, or for news of apps, and print what was added."""
        if self._news():
            since = self._looked
            late = [(s, [x for x in s.follower.tail(1000) if x.at >= since]) for s in self.look()]
            self.print(merged(late))
        self.print_new()

    def print_new(self) -> None:
        """Print what was added to the files."""
        self.print(merged((s, s.follower.read_new()) for s in self._sources.values()))

    def print(self, lines: Sequence[tuple[Source, Line]]) -> None:
        """Print lines, and let them be seen at once."""
        width = max((source.width for source in self._sources.values()), default=0)
        for source, line in lines:
            print(shown(source, line, self._form, self._colour, width))
        if lines:
            sys.stdout.flush()

    def close(self) -> None:
        """Close the files and the subscription."""
        for source in self._sources.values():
            source.follower.close()
        if self._events is not None:
            self._events.close()
        os.close(self._folder)

    def _keep(self, source: Source) -> None:
        self._sources[source.app, source.stream] = source

    def _apps(self) -> Sequence[AppView]:
        wanted = tuple(s for s in self._selectors if s not in ("all", DAEMON))
        if self._selectors and not wanted and "all" not in self._selectors:
            return ()
        try:
            return call(List(wanted)).apps
        except PmError:
            if self._events is None and not self._sources:
                raise
            return ()  # an app was deleted, or the daemon is away: its lines go on

    def _news(self) -> bool:
        """Wait for an event or the pause; True if the apps should be looked at again."""
        if self._events is None:
            time.sleep(_PAUSE)
            return self._subscribed()
        if not select.select([self._events], [], [], _PAUSE)[0]:
            return False
        try:
            topic, raw = self._events.receive()
        except OSError:
            self._events.close()
            self._events = None
            return False
        self._remark(raw)
        known = {f"event.{app}" for app, _ in self._sources}
        return topic.decode(errors="replace") not in known or b'"online"' in raw

    def _remark(self, raw: bytes) -> None:
        """Print why pm itself acts on an app whose lines are shown."""
        if self._form != "prefix" or not (b'"watch"' in raw or b'"cron"' in raw):
            return
        event = loads(Event, raw, "event")
        if event.kind in ("watch", "cron") and any(app == event.app for app, _ in self._sources):
            print(clean(f"{DAEMON} | {event.app}: {event.reason}"), flush=True)

    def _subscribed(self) -> bool:
        """Subscribe to all events if a daemon lives; True if that was done."""
        try:
            sock = connect(self._folder, "events.sock")
            if sock is None:
                return False
            sock.settimeout(5.0)
            self._events = Peer(sock, "SUB")
            self._events.subscribe("event.")
        except OSError:
            self._events = None
        return self._events is not None
