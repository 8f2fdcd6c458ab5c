"""`pm logs` over files and an index written here, with a daemon that a ROUTER plays."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from cli.client import PROTOCOL
from cli.commands.logs import _View, logs
from cli.logview import merged, shown, sources_of
from pm.api import Apps
from pm.codec import dumps, to_plain
from pm.logindex import ERROR, RECORD, Line, index_path
from pm.model import AppView, Event, Mode, State, WorkerView


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PM_HOME with a folder for logs."""
    (tmp_path / "logs").mkdir()
    tmp_path.chmod(0o700)
    monkeypatch.setenv("PM_HOME", str(tmp_path))
    return tmp_path


def view(home: Path, name: str, first_id: int) -> AppView:
    """Return an app with two workers and its log files."""
    workers = tuple(WorkerView(slot, first_id + slot, State.ONLINE) for slot in (0, 1))
    out, error = (str(home / "logs" / f"{name}-{s}.log") for s in ("out", "error"))
    return AppView(
        name, "default", Mode.CLUSTER, State.ONLINE, State.ONLINE, workers, "/x.py", 0.0,
        out_file=out, error_file=error,
    )  # fmt: skip


def write(home: Path, app: str, stream: str, at: float, slot: int, text: str) -> None:
    """Append text to a log and its record to the index, as the master does."""
    with open(home / "logs" / f"{app}-{stream}.log", "a") as log:
        log.write(text)
    end = (home / "logs" / f"{app}-{stream}.log").stat().st_size
    with open(index_path(str(home), app, stream), "ab") as index:
        index.write(RECORD.pack(end, int(at * 1000), slot, 7 | (ERROR if stream == "error" else 0)))


def test_lines_of_several_files_are_put_in_order(home: Path) -> None:
    write(home, "web", "out", 1, 0, "a\n")
    write(home, "web", "out", 3, 1, "c\n")
    write(home, "web", "error", 2, 1, "b\n")
    sources = list(sources_of(view(home, "web", 4), str(home), frozenset(("out", "error"))))
    lines = merged((source, source.follower.tail(10)) for source in sources)
    texts = [shown(source, line, "prefix", False, source.width) for source, line in lines]
    assert texts == ["4|web | a", "5|web | b", "5|web | c"]
    for source in sources:
        source.follower.close()


def test_forms(home: Path) -> None:
    (source,) = sources_of(view(home, "web", 4), str(home), frozenset(["error"]))
    line = Line("boom", 1, 7, 1.5, "error")
    assert shown(source, line, "raw", True, 9) == "boom"
    assert shown(source, line, "prefix", True, 9) == "\x1b[32m5|web     |\x1b[0m boom"
    assert json.loads(shown(source, line, "json", False, 9)) == {
        "message": "boom",
        "timestamp": "1970-01-01T00:00:01.500Z",
        "type": "err",
        "process_id": 5,
        "app_name": "web",
    }
    nobody = Line("old", -1, 0, 0.0, "out")
    assert shown(source, nobody, "prefix", False, 5) == "web   | old"


Play = Callable[..., "zmq.Socket[bytes]"]


@pytest.fixture
def daemon(home: Path) -> Iterator[Play]:
    """Answer `list` with the apps given, each time with the next; returns the PUB."""
    with zmq.Context() as context:
        router, events = context.socket(zmq.ROUTER), context.socket(zmq.XPUB)
        router.setsockopt(zmq.RCVTIMEO, 10_000)
        events.setsockopt(zmq.RCVTIMEO, 10_000)
        router.bind(f"ipc://{home}/rpc.sock")
        events.bind(f"ipc://{home}/events.sock")
        threads: list[threading.Thread] = []

        def work(answers: tuple[list[AppView], ...]) -> None:
            for apps in answers:
                identity, empty, raw = router.recv_multipart()
                body = to_plain(Apps(tuple(apps)))
                reply: dict[str, Any] = {"protocol": PROTOCOL, "id": json.loads(raw)["id"]}
                answer = json.dumps({**reply, "body": body, "error": None}).encode()
                router.send_multipart([identity, empty, answer])

        def play(*answers: list[AppView]) -> zmq.Socket[bytes]:
            threads.append(threading.Thread(target=work, args=(answers,)))
            threads[0].start()
            return events

        yield play
        for thread in threads:
            thread.join(10)
        router.close(linger=0)
        events.close(linger=0)


def test_the_last_lines_without_following(
    home: Path, daemon: Play, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home, "web", "out", 1, 0, "one\ntwo\nthree\n")
    write(home, "web", "error", 2, 0, "bad")
    daemon([view(home, "web", 0)])
    assert logs(("web",), lines=2, follow=False) == 0
    assert capsys.readouterr().out == "0|web | two\n0|web | three\n0|web | bad\n"


def test_an_app_that_starts_later_is_followed_from_its_first_line(
    home: Path, daemon: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = io.StringIO()
    monkeypatch.setattr(sys, "stdout", printed)
    web, late = view(home, "web", 0), view(home, "late", 2)
    events = daemon([web], [web], [web, late])
    following = _View((), frozenset(["out"]), "prefix")
    following.look()
    following.step()  # subscribes
    assert events.recv() == b"\x01event."
    write(home, "late", "out", 4e9, 1, "begin\n")
    events.send_multipart([b"event.late", dumps(Event(1.0, "late", "online", "accepts", 0))])
    for _ in range(100):
        following.step()
        if "begin" in printed.getvalue():
            break
    write(home, "web", "out", 4e9, 0, "hello\n")
    following.step()
    assert printed.getvalue() == "3|late | begin\n0|web  | hello\n"
    following.close()


def test_the_daemon_s_own_log(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "pm.log").write_text("a\nb\n")
    assert logs(("pm",), lines=1, follow=False) == 0
    assert capsys.readouterr().out == "pm | b\n"
