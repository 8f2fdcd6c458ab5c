"""The store: what was put is there again, what is spoilt is named."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.records import dump
from daemon.records.record import Record, Slot
from daemon.records.store import EVENTS_KEPT, Store
from pm.errors import Failed
from pm.model import AppSpec, Event

RECORD = Record(
    AppSpec("web", "/app.py", "/", env={"KEY": "\udcff"}), (Slot(0, 3), Slot(2, 5, False)), 1.5
)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "state.db")


@pytest.fixture
def store(path: str) -> Iterator[Store]:
    opened = Store(path)
    yield opened
    opened.close()


def test_apps_and_the_next_id_survive(path: str) -> None:
    store = Store(path)
    store.put([RECORD], 6)
    store.close()
    again = Store(path)
    assert again.load() == ([RECORD], 6)
    again.put((), 0, ["web"])
    assert again.load() == ([], 0)
    again.close()


def test_events_come_the_latest_first_and_are_bounded(store: Store) -> None:
    for number in range(EVENTS_KEPT + 120):
        store.add_event(Event(float(number), "web", "note", f"{number}", slot=1, pid=9))
    store.add_event(Event(1.0, "other", "note"))
    assert store.events("web")[0] == Event(EVENTS_KEPT + 119.0, "web", "note", "319", 1, 9)
    assert len(store.events("web", 1000)) <= EVENTS_KEPT + 50
    assert len(store.events("other")) == 1
    store.put((), 0, ["web"])
    assert store.events("web") == ()


def test_only_one_process_opens_it(store: Store, path: str) -> None:
    store.put([RECORD], 1)
    other = sqlite3.connect(path, timeout=0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("select * from apps")
    other.close()


def test_a_file_that_is_no_store(path: str) -> None:
    Path(path).write_bytes(b"not a store" * 1000)
    with pytest.raises(Failed, match=r"cannot open .*state\.db"):
        Store(path)


def test_a_store_of_a_newer_version(path: str) -> None:
    Store(path).close()
    with sqlite3.connect(path) as db:
        db.execute("pragma user_version = 99")
    db.close()
    with pytest.raises(Failed, match="newer pm"):
        Store(path)


def test_a_record_that_cannot_be_read_is_named(path: str) -> None:
    store = Store(path)
    store.put([RECORD], 1)
    store.close()
    with sqlite3.connect(path) as db:
        db.execute("update apps set spec = '{}'")
    db.close()
    spoilt = Store(path)
    with pytest.raises(Failed, match="app `web` cannot be read"):
        spoilt.load()
    spoilt.close()


def test_a_failed_write_changes_nothing(store: Store) -> None:
    store.put([RECORD], 1)
    store._db.execute("pragma max_page_count = 1")
    big = Record(AppSpec("big", "/x" * 200_000, "/"), (), 0.0)
    with pytest.raises(Failed, match="full"):
        store.put([big], 2)
    assert store.load() == ([RECORD], 1)


def test_a_dump_is_private_and_keeps_the_one_before(tmp_path: Path) -> None:
    home = str(tmp_path)
    with pytest.raises(Failed, match="nothing was saved"):
        dump.read(home)
    assert dump.write(home, [RECORD]) == 1
    assert dump.write(home, []) == 0
    assert dump.read(home) == ()
    os.unlink(dump.path_of(home))
    (saved,) = dump.read(home)
    assert saved == dump.Saved(RECORD.spec, (0,))
    assert os.stat(f"{dump.path_of(home)}.bak").st_mode & 0o777 == 0o600


def test_what_nobody_asked_to_save_gives_way_to_the_next_list(tmp_path: Path) -> None:
    home = str(tmp_path)
    later = Record(AppSpec("later", "/x", "/"), (), 0.0)
    for record in (RECORD, later):
        assert dump.write_unasked(home, [record]) == ""
        assert [saved.spec for saved in dump.read(home)] == [record.spec]
    dump.write(home, [RECORD])
    assert dump.write_unasked(home, [later]) == ""
    assert [saved.spec for saved in dump.read(home)] == [RECORD.spec]


def test_a_spoilt_dump_is_not_overwritten_unasked(tmp_path: Path) -> None:
    (tmp_path / "dump.json").write_text("{")
    assert dump.write_unasked(str(tmp_path), [RECORD]) == ""
    assert (tmp_path / "dump.json").read_text() == "{"


def test_a_dump_that_is_spoilt_is_named(tmp_path: Path) -> None:
    (tmp_path / "dump.json").write_text('{"version": 1, "apps": [], "extra": 1}')
    with pytest.raises(Failed, match=r"dump\.json: unknown key `extra`") as caught:
        dump.read(str(tmp_path))
    assert "dump.json.bak" in caught.value.hint
