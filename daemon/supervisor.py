"""All apps: the list, the store behind it, and what happens to be told to others."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence

from pm.codec import dumps
from pm.control import Forward
from pm.errors import ConfigError, Failed, PmError
from pm.model import AppSpec, AppView, Event

from . import forwarding
from .app import Answer, App
from .masters.launch import Place
from .metrics import Metrics, scan_processes
from .operations import cpus
from .ordering.order import Order
from .records.ledger import Ledger
from .records.record import Record, new_record
from .records.store import Store
from .requests.selectors import Selection, select
from .upkeep import Upkeep
from .views import only, with_usage

_log = logging.getLogger(__name__)

Publish = Callable[[str, bytes], None]


class Supervisor:
    """The apps of one PM_HOME."""

    def __init__(self, store: Store, place: Place, publish: Publish) -> None:
        """Read the list from the store; raises Failed if that cannot be read."""
        self.place = place
        self.apps: dict[str, App] = {}
        self.order = Order(self.apps, self.emit)
        self.closing = asyncio.Event()
        """Set when the daemon is to end after the answers under way."""
        self.ending = False
        """True once nothing new may be started."""
        self._store = store
        self._ledger = Ledger(store)
        self._publish = publish
        self._metrics = Metrics()
        self._tasks: set[asyncio.Task[None]] = set()
        self.upkeep = Upkeep(self.apps, place.home, self.emit, self.background)
        records, self.next_id = store.load()
        for record in records:
            self.apps[record.name] = App(record, self)

    # The list.

    def create(self, spec: AppSpec) -> App:
        """Put a new app into the list, wanted online; its name must be free."""
        if self.ending:
            raise Failed("the daemon is being stopped by `pm kill`", "run the command again")
        self.order.check_circle(spec)
        record = new_record(spec, cpus(), self.next_id, time.time())
        try:
            spec.name.encode()
        except UnicodeEncodeError:
            raise ConfigError(f"name: {spec.name!r} is not text") from None
        return self.insert(record)

    def insert(self, record: Record) -> App:
        """Put an app into the list."""
        self.commit(record)
        app = self.apps[record.name] = App(record, self)
        return app

    def forget(self, app: App) -> str:
        """Take an app that has been stopped out of the list; the last one resets the ids.

        Returns a remark if that could not be written down.
        """
        name = app.record.name
        self.next_id = self.next_id if len(self.apps) > 1 else 0
        del self.apps[name]
        self.upkeep.drop(name)
        self.order.pulse.beat()
        self._tell(Event(time.time(), name, "delete", "deleted"))
        return self._ledger.note(name, None, self.next_id)

    def select(self, selectors: Sequence[str]) -> Selection:
        """Resolve what a user means; raises NotFound."""
        return select(selectors, {name: app.record for name, app in self.apps.items()})

    async def views(self, selection: Selection, exact: bool = False) -> list[AppView]:
        """Show the selected slots, with what their workers use; `exact`: each master counts."""
        await asyncio.gather(*(self.apps[name].masters.count(exact) for name in selection))
        selection = {name: slots for name, slots in selection.items() if name in self.apps}
        views = [self._view(name, slots) for name, slots in selection.items()]
        pids = [worker.pid for view in views for worker in view.workers if worker.pid]
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        usage = self._metrics.look(pids, scan_processes(), now) if pids else {}
        return [with_usage(view, usage) for view in views]

    def _view(self, name: str, slots: tuple[int, ...] | None) -> AppView:
        app = self.apps[name]
        return self.upkeep.shown(only(app.view(), slots), app.record)

    def events(self, app: str) -> tuple[Event, ...]:
        """Return what happened to an app, the latest first."""
        found = [*self.apps[app].messages, *self._store.events(app)]
        return tuple(sorted(found, key=lambda event: -event.at))

    # What apps need of us.

    def commit(self, record: Record, must: bool = True) -> str:
        """Write a record to the store; raises Failed if it `must`, else returns a remark."""
        next_id = max([self.next_id, *(slot.id + 1 for slot in record.slots)])
        remark = ""
        self.upkeep.follow(record)
        if must:
            self._ledger.write(record, next_id)
        else:
            remark = self._ledger.note(record.name, record, next_id)
        self.next_id = next_id
        return remark

    def emit(self, event: Event, request: str = "") -> None:
        """Keep an event, log it and publish it; a full disk stops none of the rest.

        Of messages only the last few are kept, and none on the disk: there may be many.
        """
        if event.kind == "message":
            if event.app in self.apps:
                self.apps[event.app].messages.append(event)
            return self._publish(f"event.{event.app}", dumps(event))
        if event.app in self.apps:
            try:
                self._store.add_event(event)
            except Failed as error:
                _log.error("event lost: %s", error.message)
        self._tell(event, request)

    def forward(self, sender: App, forward: Forward, answer: Answer) -> None:
        """Deliver a message to another app, and answer."""
        self.background(forwarding.deliver(self.apps, sender, forward, answer))

    def background(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` until its end, whoever started it."""
        task = asyncio.ensure_future(self.logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tell(self, event: Event, request: str = "") -> None:
        place = event.app if event.slot is None else f"{event.app} {event.slot}"
        pid = f" pid {event.pid}" if event.pid else ""
        _log.info("%s%s: %s: %s", place, pid, event.kind, event.reason or "-")
        raw = dumps(event)
        self._publish(f"event.{event.app}", raw)
        if request:
            self._publish(f"progress.{request}", raw)

    async def logged(self, work: Coroutine[None, None, None]) -> None:
        """Run `work`; what goes wrong is for the log, nobody waits for it."""
        try:
            await work
        except PmError as error:
            _log.warning("%s", error.message)
        except Exception:
            _log.exception("internal error")

    def leave(self) -> None:
        """Let go of all masters: they go on, and the next daemon finds them."""
        self.upkeep.close()
        self.order.pulse.stop()
        for task in self._tasks:
            task.cancel()
        for app in self.apps.values():
            app.masters.leave()
