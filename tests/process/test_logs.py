"""The log thread with real pipes: nothing lost, nothing torn, nobody held up."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pm.logindex import read_tail
from pm.master.output.logs import LogPath, LogPlan, LogWriter, Rotation
from tests.waiting import until

PATIENCE = 60.0


class App:
    """A log writer, and pipes as workers would have them."""

    def __init__(self, folder: Path, rotation: Rotation, both: bool = False) -> None:
        self.folder = folder
        self.said: list[str] = []
        paths = [LogPath(str(folder / f"{n}.log"), str(folder / f"{n}.index")) for n in "oeb"]
        plan = LogPlan(paths[0], paths[1], paths[2] if both else None, rotation)
        self.logs = LogWriter(plan, self.said.append)

    def worker(self, slot: int, pid: int) -> tuple[int, int]:
        """Return the write ends of a new worker's output and errors."""
        out, out_end = os.pipe()
        error, error_end = os.pipe()
        self.logs.add(out, "out", slot, pid)
        self.logs.add(error, "error", slot, pid)
        return out_end, error_end

    def finished(self, count: int) -> list[int]:
        """Wait until that many pids are finished."""
        found: list[int] = []
        while len(found) < count:
            ready, _, _ = select.select([self.logs.finished_fd], [], [], PATIENCE)
            assert ready, f"only {found} finished"
            found += self.logs.take_finished()
        return found

    def lines(self, name: str = "o") -> list[tuple[str, int]]:
        """Return everything in a log and its pieces, with the slots."""
        path = str(self.folder / f"{name}.log")
        index = str(self.folder / f"{name}.index")
        return [(line.text, line.slot) for line in read_tail(path, index, "out", 10_000_000)]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """An app whose logs are not rotated."""
    made = App(tmp_path / "logs", Rotation(0))
    yield made
    made.logs.close(PATIENCE)
    assert made.said == []


def close(*fds: int) -> None:
    """Close them."""
    for fd in fds:
        os.close(fd)


def test_both_streams_to_the_end(app: App) -> None:
    """A pid is finished once, when both pipes have ended and all is in the files."""
    out, error = app.worker(3, 1001)
    os.write(out, b"one\ntwo\n")
    os.write(error, b"bad\n")
    os.close(out)
    os.write(error, b"worse")
    os.close(error)
    assert app.finished(1) == [1001]
    assert app.lines() == [("one", 3), ("two", 3)]
    assert app.lines("e") == [("bad", 3), ("worse", 3)]
    assert app.logs.tail(1001) == ["bad", "worse"]
    assert app.logs.tail(1001, 1) == ["worse"]
    assert app.logs.take_finished() == []


def test_files_are_there_before_the_first_line(app: App) -> None:
    """So that they can be followed."""
    until(lambda: (app.folder / "e.log").exists(), "the error log")


def test_settle_does_not_wait_for_grandchildren(app: App) -> None:
    """What a dead worker left is written although its pipe is still open."""
    out, error = app.worker(0, 1002)
    child_out, child_error = os.dup(out), os.dup(error)
    os.write(out, b"last words\nand no newline")
    close(out, error)
    app.logs.settle(1002)
    assert app.finished(1) == [1002]
    assert app.lines() == [("last words", 0), ("and no newline", 0)]
    assert app.logs.tail(1002) == ["last words", "and no newline"]
    os.write(child_out, b"\nthe child\n")
    close(child_out, child_error)
    assert app.finished(1) == [1002]
    assert app.lines()[-1] == ("the child", 0)


def test_settle_at_the_end_of_the_pipes_finishes_once(app: App) -> None:
    """Whichever is seen first."""
    out, error = app.worker(0, 1003)
    app.logs.flush_files()
    os.write(out, b"x\n")
    close(out, error)
    assert app.finished(1) == [1003]
    assert app.lines() == [("x", 0)]


def test_a_line_waits_for_its_end_but_not_for_ever(app: App) -> None:
    """A prompt without a newline comes out after a second, a stranger's line does not join it."""
    first, other = app.worker(0, 1), app.worker(1, 2)
    os.write(first[0], b"half ")
    os.write(other[0], b"whole\n")
    os.write(first[0], b"a line\nprompt> ")
    until(lambda: app.lines()[-1:] == [("prompt> ", 0)], "the prompt")
    os.write(other[0], b"again\n")
    close(*first, *other)
    app.finished(2)
    assert sorted(app.lines()[:2]) == [("half a line", 0), ("whole", 1)]
    assert app.lines()[2:] == [("prompt> ", 0), ("again", 1)]


def test_bytes_pass_untouched(app: App) -> None:
    """Whatever they mean."""
    data = bytes(range(256)) * 5000
    out, error = app.worker(0, 1)

    def feed() -> None:
        with open(out, "wb") as pipe:  # a single write may end early: a signal, SIGCONT even
            pipe.write(data)
        close(error)

    thread = threading.Thread(target=feed)
    thread.start()
    app.finished(1)
    thread.join()
    assert (app.folder / "o.log").read_bytes() == data


def test_close_writes_what_is_in_the_pipes(tmp_path: Path) -> None:
    """Although nobody has closed them."""
    app = App(tmp_path, Rotation(0), both=True)
    out, error = app.worker(0, 1)
    os.write(out, b"a\n" * 1000 + b"end")
    os.write(error, b"b\n")
    app.logs.close(PATIENCE)
    app.logs.close(PATIENCE)
    assert len(app.lines()) == 1001
    assert len(app.lines("b")) == 1002
    close(out, error)


def test_flush_and_reopen(app: App) -> None:
    """Emptied, then moved away by somebody."""
    out, error = app.worker(0, 1)
    os.write(out, b"a\n")
    until(lambda: app.lines() == [("a", 0)], "the line")
    app.logs.flush_files()
    until(lambda: app.lines() == [], "the empty file")
    os.write(out, b"b\n")
    until(lambda: app.lines() == [("b", 0)], "the next line")
    (app.folder / "o.log").rename(app.folder / "moved")
    app.logs.reopen()
    until((app.folder / "o.log").exists, "the new file")
    os.write(out, b"c\n")
    until(app.lines, "its line")
    assert (app.folder / "o.log").read_text() == "c\n"
    close(out, error)


def test_one_file_for_both_streams(tmp_path: Path) -> None:
    """The same path twice, or /dev/null, is what the user says it is."""
    same = LogPath(str(tmp_path / "x.log"), str(tmp_path / "x.index"))
    logs = LogWriter(LogPlan(same, same, LogPath(os.devnull, ""), Rotation(0)))
    for stream in ("out", "error"):
        reader, end = os.pipe()
        logs.add(reader, "out" if stream == "out" else "error", 0, 1)
        os.write(end, f"{stream}\n".encode())
        os.close(end)
    logs.close(PATIENCE)
    assert sorted((tmp_path / "x.log").read_text().split()) == ["error", "out"]
    assert os.path.exists(os.devnull)


def test_an_unwritable_file_does_not_hold_up_the_app(tmp_path: Path) -> None:
    """The lines are dropped, the reason is said once."""
    (tmp_path / "o.log").mkdir()
    app = App(tmp_path, Rotation(0))
    assert select.select([app.logs.troubled_fd], [], [], PATIENCE)[0]
    out, error = app.worker(0, 1)
    for _ in range(100):
        os.write(out, b"x" * 65_535 + b"\n")
    close(out, error)
    app.finished(1)
    assert app.logs.take_troubles() == app.said
    assert not select.select([app.logs.troubled_fd], [], [], 0)[0]
    app.logs.close(PATIENCE)
    assert len(app.said) == 1
    assert "Is a directory" in app.said[0]


def test_a_fifo_nobody_reads_does_not_hold_up_the_app(tmp_path: Path) -> None:
    """A log that is no file is not waited for."""
    os.mkfifo(tmp_path / "o.log")
    app = App(tmp_path, Rotation(100))
    out, error = app.worker(0, 1)
    os.write(out, b"x\n")
    close(out, error)
    app.finished(1)
    app.logs.close(PATIENCE)
    assert len(app.said) == 1


def test_rotation_compresses_and_loses_nothing(tmp_path: Path) -> None:
    """Five workers at once; every line is there once, whole, in its writer's order."""
    app = App(tmp_path, Rotation(200_000, 100, True))
    ends = [app.worker(slot, 100 + slot) for slot in range(5)]

    def write(slot: int, fd: int) -> None:
        for start in range(0, 10_000, 100):
            text = "".join(
                f"{slot} {number:06} {'x' * 20}\n" for number in range(start, start + 100)
            )
            os.write(fd, text.encode())
        os.close(fd)

    threads = [threading.Thread(target=write, args=(n, end[0])) for n, end in enumerate(ends)]
    for thread in threads:
        thread.start()
    close(*(end[1] for end in ends))
    app.finished(5)
    for thread in threads:
        thread.join()
    check_five(app.lines())
    until(lambda: packed(tmp_path), "all pieces compressed", PATIENCE)  # a nice helper does it
    check_five(app.lines())
    app.logs.close(PATIENCE)
    assert app.said == []


def check_five(lines: list[tuple[str, int]]) -> None:
    """Each slot's lines, each in order."""
    for slot in range(5):
        mine = [text for text, owner in lines if owner == slot]
        assert mine == [f"{slot} {number:06} {'x' * 20}" for number in range(10_000)]


def packed(folder: Path) -> bool:
    """True if only compressed pieces are left and nothing is under way."""
    names = [path.name for path in folder.iterdir()]
    return not [n for n in names if n.endswith(".packing") or n.rsplit(".", 1)[1].isdigit()]


def test_the_next_master_compresses_what_was_left(tmp_path: Path) -> None:
    """The helper ends with the logs; its piece stays plain and whole until then."""
    app = App(tmp_path, Rotation(3_000_000, 3, True))
    out, error = app.worker(0, 1)
    written = [os.urandom(30_000).hex() for _ in range(60)]
    with open(out, "w") as pipe:
        pipe.writelines(f"{text}\n" for text in written)
    close(error)
    app.finished(1)
    app.logs.close(PATIENCE)
    assert not list(tmp_path.glob("*.packing*"))
    assert [text for text, _ in app.lines()] == written
    again = App(tmp_path, Rotation(3_000_000, 3, True))
    piece = tmp_path / "o.log.1.gz"
    until(lambda: piece.exists() and packed(tmp_path), "the compressed piece", PATIENCE)
    again.logs.close(PATIENCE)
    assert [text for text, _ in app.lines()] == written


def test_a_helper_that_the_master_has_reaped_at_once_has_compressed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.pidfd_open

    def late(pid: int) -> int:
        os.waitpid(pid, 0)
        return opened(pid)

    monkeypatch.setattr(os, "pidfd_open", late)
    (tmp_path / "o.log.1").write_text("old\n")
    app = App(tmp_path, Rotation(1000, 3, True))
    until(lambda: (tmp_path / "o.log.1.gz").exists(), "the compressed piece", PATIENCE)
    app.logs.close(PATIENCE)
    assert not list(tmp_path.glob("*.packing*"))


FLOOD = """
import os, sys
for number in range(200_000):
    os.write(1, b"%09d %s\\n" % (number, b"x" * 100))
"""


def test_nothing_is_lost_when_a_worker_is_killed(app: App) -> None:
    """All that reached the pipe is in the file, up to the last whole write."""
    out, error = app.worker(0, 1)
    flood = subprocess.Popen([sys.executable, "-c", FLOOD], stdout=out, stderr=error)
    close(out, error)
    log = app.folder / "o.log"
    until(lambda: log.exists() and log.stat().st_size > 1_000_000, "some output")
    flood.send_signal(signal.SIGKILL)
    flood.wait()
    app.logs.settle(1)
    app.finished(1)
    lines = app.lines()
    assert len(lines) > 9_000
    assert [text for text, _ in lines] == [f"{n:09} {'x' * 100}" for n in range(len(lines))]


def test_the_thread_sleeps_when_there_is_nothing_to_do(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Idle means asleep."""
    rounds = count_rounds(app, monkeypatch)
    out, error = app.worker(0, 1)
    os.write(out, b"x\n")
    until(lambda: app.lines() == [("x", 0)], "the line")
    before = len(rounds)
    assert not select.select([app.logs.finished_fd], [], [], 0.5)[0]
    assert before > 0
    assert len(rounds) - before <= 1, "the round that has written the line"
    close(out, error)


def count_rounds(app: App, monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """Note each time that the log thread is about to wait, and for how long at most."""
    rounds: list[float | None] = []
    between = app.logs._loop.between

    def noted() -> float | None:
        rounds.append(between())
        return rounds[-1]

    monkeypatch.setattr(app.logs._loop, "between", noted)
    return rounds


def test_the_thread_may_end_before_the_order_to_end_is_wholly_given(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It found the order in its round, closed the eventfd, and the master died at writing to it."""
    busy, queued = threading.Event(), threading.Event()
    thread = app.logs._thread

    def hold() -> None:
        busy.set()
        assert queued.wait(PATIENCE)

    app.logs._loop.order(hold)
    assert busy.wait(PATIENCE)
    write = os.eventfd_write

    def write_late(fd: int, value: int) -> None:
        if app.logs._loop._orders and app.logs._loop._orders[-1][0] == app.logs._loop.quit:
            queued.set()
            thread.join(PATIENCE)
        write(fd, value)

    monkeypatch.setattr(os, "eventfd_write", write_late)
    app.logs.close(PATIENCE)
    assert not thread.is_alive()
    assert app.said == []
