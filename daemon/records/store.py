"""What must outlive the daemon: apps, what is wanted of them, ids, events. SQLite.

Opened by one process only (the daemon that holds the lock). Apps are on the disk when `put`
returns; events may miss the last moments before a power failure.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator

from pm.codec import dumps, loads
from pm.errors import ConfigError, Failed
from pm.model import AppSpec, Event

from .record import Job, Record, Slot

EVENTS_KEPT = 200
"""Events of each app that are kept."""

_SLACK = 50
_SCHEMA_1 = """
create table meta (name text primary key, value integer not null);
create table apps (
    name text primary key, spec text not null, slots text not null, created_at real not null,
    known_to_listen integer not null, generation integer not null
);
create table events (
    number integer primary key autoincrement, app text not null, at real not null,
    kind text not null, reason text not null, slot integer, pid integer not null
);
create index events_of_app on events (app, number);
"""
_SCHEMA_2 = "alter table apps add column job text not null default '{}';"
_MIGRATIONS = (_SCHEMA_1, _SCHEMA_2)
"""Script n brings a store from version n to n + 1; released ones are never changed."""


class Store:
    """The store of one PM_HOME."""

    def __init__(self, path: str) -> None:
        """Open or make it; raises Failed if it cannot be used."""
        self._path = path
        self._new_events: dict[str, int] = {}
        with self._explained("open"):
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("pragma locking_mode = exclusive")
            self._db.execute("pragma journal_mode = wal")
            self._migrate()

    def close(self) -> None:
        """Close it."""
        with self._explained("close"):
            self._db.close()

    def load(self) -> tuple[list[Record], int]:
        """Return all apps and the next free id; raises Failed naming a record that is spoilt."""
        with self._explained("read"):
            rows = self._db.execute(
                "select name, spec, slots, created_at, known_to_listen, generation, job"
                " from apps order by name"
            ).fetchall()
            next_id = self._db.execute("select value from meta where name = 'next_id'").fetchone()
        return [self._record(*row) for row in rows], next_id[0] if next_id else 0

    def put(self, records: Iterable[Record], next_id: int, gone: Iterable[str] = ()) -> None:
        """Write apps and the next free id, all or nothing, and see them on the disk.

        The apps named by `gone` are forgotten, with their events.
        """
        rows = [_row(record) for record in records]
        with self._explained("write"), self._transaction(durable=True):
            self._db.executemany("insert or replace into apps values (?, ?, ?, ?, ?, ?, ?)", rows)
            for app in gone:
                self._db.execute("delete from apps where name = ?", (app,))
                self._db.execute("delete from events where app = ?", (app,))
            self._db.execute("insert or replace into meta values ('next_id', ?)", (next_id,))

    def add_event(self, event: Event) -> None:
        """Add an event, and drop the app's oldest ones when there are too many."""
        row = (event.app, event.at, event.kind, event.reason, event.slot, event.pid)
        with self._explained("write"), self._transaction(durable=False):
            self._db.execute(
                "insert into events (app, at, kind, reason, slot, pid) values (?, ?, ?, ?, ?, ?)",
                row,
            )
            count = self._new_events.get(event.app, 0) + 1
            self._new_events[event.app] = count % _SLACK
            if count == _SLACK:
                self._drop_old(event.app)

    def events(self, app: str, limit: int = EVENTS_KEPT) -> tuple[Event, ...]:
        """Return an app's events, the latest first."""
        with self._explained("read"):
            rows = self._db.execute(
                "select at, app, kind, reason, slot, pid from events"
                " where app = ? order by number desc limit ?",
                (app, limit),
            ).fetchall()
        return tuple(Event(*row) for row in rows)

    def _drop_old(self, app: str) -> None:
        self._db.execute(
            "delete from events where app = ? and number <= (select number from events"
            " where app = ? order by number desc limit 1 offset ?)",
            (app, app, EVENTS_KEPT),
        )

    def _migrate(self) -> None:
        version = self._db.execute("pragma user_version").fetchone()[0]
        if version > len(_MIGRATIONS):
            raise Failed(
                f"{self._path} was written by a newer pm", "upgrade pm, or move the file away"
            )
        for number, script in enumerate(_MIGRATIONS[version:], version + 1):
            self._db.executescript(f"begin; {script} pragma user_version = {number}; commit;")

    @contextlib.contextmanager
    def _transaction(self, durable: bool) -> Iterator[None]:
        self._db.execute(f"pragma synchronous = {'full' if durable else 'normal'}")
        self._db.execute("begin immediate")
        try:
            yield
            self._db.commit()
        except BaseException:
            self._db.rollback()
            raise

    @contextlib.contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            hint = "see that the disk has space and the file is yours; a spoilt one: move it away"
            raise Failed(f"cannot {what} {self._path}: {error}", hint) from None

    def _record(
        self,
        name: str,
        spec: str,
        slots: str,
        created_at: float,
        listens: int,
        generation: int,
        job: str,
    ) -> Record:
        try:
            places = tuple(Slot(*place) for place in json.loads(slots))
            told = loads(AppSpec, spec)
            runs = loads(Job, job)
            return Record(told, places, created_at, bool(listens), generation, runs)
        except (ConfigError, ValueError, TypeError) as error:
            hint = "move the file away: apps that run are found again"
            raise Failed(f"{self._path}: app `{name}` cannot be read: {error}", hint) from None


def _row(record: Record) -> tuple[str, str, str, float, bool, int, str]:
    slots = json.dumps([(s.slot, s.id, s.wanted) for s in record.slots])
    spec = dumps(record.spec).decode()
    created, listens = record.created_at, record.known_to_listen
    job = dumps(record.job).decode()
    return record.name, spec, slots, created, listens, record.generation, job
