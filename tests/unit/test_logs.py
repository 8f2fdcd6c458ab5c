"""Rotation's names, the index and its readers, the last words: without a thread."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from pm.logindex import ERROR, RECORD, UNKNOWN_SLOT, Follower, Line, index_path, read_tail
from pm.master.output.logfile import LogFile, LogPath, Rotation
from pm.master.output.logloop import Loop
from pm.master.output.logowners import IndexFile, Writer
from pm.master.output.logrotate import shift
from pm.master.output.logtail import Tails

ONE, TWO = Writer(0, 101, False), Writer(1, 102, True)
NEVER = Rotation(0, 0, False)


class Log:
    """A log in a folder, what was said about it, and how to read it."""

    def __init__(self, folder: Path, rotation: Rotation = NEVER) -> None:
        self.path, self.index = folder / "a-out.log", folder / "index" / "a-out.index"
        self.said: list[str] = []
        where = LogPath(str(self.path), str(self.index))
        self.file = LogFile(where, rotation, self.said.append, Loop(self.said.append))

    def add(self, who: Writer, text: str) -> None:
        data = text.encode()
        self.file.append(who, data, len(data))

    def tail(self, lines: int = 100, stream: str = "out") -> list[tuple[str, int, int]]:
        found = read_tail(str(self.path), str(self.index), stream, lines)
        return [(line.text, line.slot, line.pid) for line in found]

    def follower(self, stream: str = "out") -> Follower:
        return Follower(str(self.path), str(self.index), stream)


def texts(lines: list[Line]) -> list[str]:
    """Return the texts alone."""
    return [line.text for line in lines]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """An unrotated log."""
    return Log(tmp_path / "logs")


def test_lines_know_their_writer(log: Log) -> None:
    """The file holds plain lines, the index says whose they are."""
    log.add(ONE, "a\nb\n")
    log.add(TWO, "c\n")
    assert log.path.read_text() == "a\nb\nc\n"
    assert log.tail() == [("a", 0, 101), ("b", 0, 101), ("c", 1, 102)]
    assert log.tail(2) == [("b", 0, 101), ("c", 1, 102)]
    assert log.tail(0) == []


def test_streams_of_the_combined_log(log: Log) -> None:
    """In a file with both streams the record tells which it was."""
    log.add(ONE, "a\n")
    log.add(TWO, "b\n")
    found = read_tail(str(log.path), str(log.index), "log", 9)
    assert [line.stream for line in found] == ["out", "error"]
    assert found[0].at == pytest.approx(os.stat(log.path).st_mtime, abs=5)


def test_files_are_private(log: Log) -> None:
    """Logs may hold secrets."""
    log.add(ONE, "a\n")
    for path in (log.path, log.index):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


def test_an_unfinished_line_gets_no_strangers_text(log: Log) -> None:
    """A writer that goes on continues its line, another begins its own."""
    log.add(ONE, "begin")
    log.add(ONE, " end\nleft")
    log.add(TWO, "other\n")
    log.add(ONE, "over\n")
    assert log.tail() == [("begin end", 0, 101), ("left", 0, 101), ("other", 1, 102),
                          ("over", 0, 101)]  # fmt: skip


def test_a_file_that_ended_within_a_line(tmp_path: Path) -> None:
    """After a crash the first line begins afresh, and nobody is known for the bytes before."""
    log = Log(tmp_path)
    log.path.write_text("torn")
    log.add(ONE, "new\n")
    assert log.tail() == [("torn", -1, 0), ("new", 0, 101)]


def test_an_index_that_fell_behind(log: Log) -> None:
    """What a crash left without a record is nobody's; the records before stay good."""
    log.add(ONE, "a\n")
    log.file.close()
    with log.path.open("a") as file:
        file.write("lost\n")
    with log.index.open("ab") as file:
        file.write(b"half a record")
    log.add(TWO, "b\n")
    assert log.tail() == [("a", 0, 101), ("lost", -1, 0), ("b", 1, 102)]


def test_somebody_else_writes_or_empties(log: Log) -> None:
    """Foreign bytes are nobody's; an emptied file begins anew."""
    log.add(ONE, "a\n")
    with log.path.open("a") as file:
        file.write("foreign\n")
    log.add(ONE, "b\n")
    assert [slot for _, slot, _ in log.tail()] == [0, -1, 0]
    os.truncate(log.path, 0)
    log.add(TWO, "c\n")
    assert log.tail() == [("c", 1, 102)]


def test_an_index_longer_than_its_log(tmp_path: Path) -> None:
    """It belongs to another file and is given up."""
    index = IndexFile(str(tmp_path / "i"))
    index.open(0)
    index.note(ONE, 0, 50)
    index.close()
    index.open(20)
    index.close()
    assert [r[:3:2] for r in RECORD.iter_unpack((tmp_path / "i").read_bytes())] == [
        (20, UNKNOWN_SLOT)
    ]


def test_flush(log: Log) -> None:
    """An emptied log goes on from nothing."""
    log.add(ONE, "a\nunfinished")
    log.file.flush()
    assert log.path.read_bytes() == log.index.read_bytes() == b""
    log.add(TWO, "b\n")
    assert log.tail() == [("b", 1, 102)]


def test_flush_removes_the_rotated_pieces(tmp_path: Path) -> None:
    """Of the log and of its index, compressed or not, and nothing else."""
    log = Log(tmp_path, Rotation(10, 3, False))
    log.add(ONE, "1234567\nabcdefg\nABCDEFG\n")
    log.path.with_name("a-out.log.3.gz").touch()
    log.path.with_name("a-out.log.old").touch()
    assert log.index.with_name("a-out.index.1").exists()
    log.file.flush()
    assert log.tail() == []
    names = sorted(path.name for path in tmp_path.rglob("*"))
    assert names == ["a-out.index", "a-out.log", "a-out.log.old", "index"]
    log.add(TWO, "new\n")
    assert log.tail() == [("new", 1, 102)]


def test_rotation_between_lines(tmp_path: Path) -> None:
    """No piece is over the size, none begins within a line, none is lost until `keep`."""
    log = Log(tmp_path, Rotation(100, 3, False))
    lines = [f"line {number:03}" for number in range(40)]
    log.add(ONE, "\n".join(lines) + "\n")
    pieces = [log.path, *(log.path.with_name(f"a-out.log.{n}") for n in (1, 2, 3))]
    assert [piece.stat().st_size for piece in pieces] == [63, 99, 99, 99]
    assert not log.path.with_name("a-out.log.4").exists()
    assert log.tail() == [(line, 0, 101) for line in lines]


def test_a_line_longer_than_the_size(tmp_path: Path) -> None:
    """It gets a file of its own."""
    log = Log(tmp_path, Rotation(10, 5, False))
    for text in ("short\n", "x" * 50 + "\n", "end\n"):
        log.add(ONE, text)
    assert [text for text, _, _ in log.tail()] == ["short", "x" * 50, "end"]


def test_an_unfinished_line_is_not_divided_by_rotation(tmp_path: Path) -> None:
    """Its rest goes to the old file."""
    log = Log(tmp_path, Rotation(10, 5, False))
    log.add(ONE, "12345678")
    log.add(ONE, "90ab\nnext\n")
    assert log.path.with_name("a-out.log.1").read_text() == "1234567890ab\n"
    assert log.path.read_text() == "next\n"


def test_nothing_kept(tmp_path: Path) -> None:
    """`keep` 0 means one file."""
    log = Log(tmp_path, Rotation(10, 0, False))
    log.add(ONE, "1234567\nabcdefg\n")
    assert log.tail() == [("abcdefg", 0, 101)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a-out.log", "index"]


def test_shift_fills_the_first_gap(tmp_path: Path) -> None:
    """Pieces behind a gap need not move; with none the oldest goes."""

    def names() -> list[str]:
        return sorted(path.name for path in tmp_path.iterdir())

    base = str(tmp_path / "l")
    for name in ("l.1", "l.2.gz", "l.4"):
        (tmp_path / name).touch()
    shift([base], 4)
    assert names() == ["l.2", "l.3.gz", "l.4"]
    shift([base], 4)
    (tmp_path / "l.1").touch()
    shift([base], 4)
    assert names() == ["l.2", "l.3", "l.4.gz"]


def test_what_cannot_be_written_is_counted_and_said_once(tmp_path: Path) -> None:
    """The reason, then silence, then how much was lost."""
    (tmp_path / "a-out.log").mkdir()
    log = Log(tmp_path)
    log.add(ONE, "a\nb\n")
    log.add(ONE, "c\n")
    assert len(log.said) == 1
    assert "Is a directory" in log.said[0]
    (tmp_path / "a-out.log").rmdir()
    log.add(ONE, "d\n")
    assert log.said[1:] == [f"log {log.path} can be written again; 3 lines are lost"]
    assert log.tail() == [("d", 0, 101)]


def test_a_full_disk(tmp_path: Path) -> None:
    """It is survived in the same way."""
    full = LogPath("/dev/full", str(tmp_path / "i"))
    said: list[str] = []
    file = LogFile(full, NEVER, said.append, Loop(said.append))
    file.append(ONE, b"a\n", 2)
    file.append(ONE, b"b\n", 2)
    file.close()
    assert said == [
        "log /dev/full cannot be written, its lines are dropped: No space left on device"
    ]


def test_a_log_that_was_renamed_or_deleted(log: Log) -> None:
    """Reopening makes it anew."""
    log.add(ONE, "a\n")
    log.path.rename(log.path.with_name("moved"))
    log.file.close()
    log.add(ONE, "b\n")
    assert log.path.read_text() == "b\n"


def test_an_unfinished_line_is_one_of_the_last(log: Log) -> None:
    log.add(ONE, "a\nb\nc")
    reader = log.follower()
    assert texts(reader.tail(2)) == ["b"]
    assert reader.read_new() == []
    assert texts(reader.read_new()) == ["c"]
    reader.close()


def test_a_link_leads_on(tmp_path: Path) -> None:
    """What the link leads to is rotated, and read through the link."""
    (tmp_path / "a-out.log").symlink_to(tmp_path / "real")
    log = Log(tmp_path, Rotation(6, 2, False))
    log.add(ONE, "12345\nabcde\n")
    assert (tmp_path / "real.1").read_text() == "12345\n"
    assert texts(read_tail(str(log.path), str(log.index), "out", 9)) == ["12345", "abcde"]


def test_compressed_pieces_are_read(tmp_path: Path) -> None:
    """With their owners."""
    log = Log(tmp_path, Rotation(4, 5, False))
    log.add(ONE, "a\nb\n")
    log.add(TWO, "c\nd\n")
    for plain in (tmp_path / "a-out.log.1", tmp_path / "index" / "a-out.index.1"):
        plain.with_name(plain.name + ".gz").write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()
    assert log.tail(3) == [("b", 0, 101), ("c", 1, 102), ("d", 1, 102)]


def test_no_index_no_file(tmp_path: Path) -> None:
    """Any file can be read; what is not there has no lines."""
    (tmp_path / "plain").write_bytes(b"a\r\n\xff\n")
    found = read_tail(str(tmp_path / "plain"), "", "error", 9)
    assert found == [Line("a", -1, 0, 0.0, "error"), Line("\N{REPLACEMENT CHARACTER}", -1, 0, 0.0,
                                                          "error")]  # fmt: skip
    assert read_tail(str(tmp_path / "none"), "", "out", 9) == []


def test_tail_of_a_large_file(log: Log) -> None:
    """Blocks are read from the end."""
    lines = [f"{number} {'x' * (number % 500)}" for number in range(3000)]
    log.add(ONE, "\n".join(lines) + "\n")
    assert [text for text, _, _ in log.tail(1234)] == lines[-1234:]
    assert len(log.tail(99_999)) == 3000


def test_follow_new_lines(log: Log) -> None:
    """Begins at the end; a line that is not finished is held back for one call."""
    log.add(ONE, "old\n")
    follower = log.follower()
    assert texts(follower.tail(5)) == ["old"]
    log.add(ONE, "a\nb")
    assert texts(follower.read_new()) == ["a"]
    assert texts(follower.read_new()) == ["b"]
    log.add(TWO, "c\n")
    found = follower.read_new()
    assert [(line.text, line.slot) for line in found if line.text] == [("c", 1)]
    follower.close()


def test_follow_waits_for_the_owner(log: Log) -> None:
    """A line that has no record yet is held back for one call too."""
    log.add(ONE, "a\n")
    follower = log.follower()
    with log.path.open("a") as file:
        file.write("b\n")
    assert follower.read_new() == []
    with log.index.open("ab") as file:
        file.write(RECORD.pack(4, 5000, 3, 7 | ERROR))
    assert follower.read_new() == [Line("b", 3, 7, 5.0, "out")]
    follower.close()


def test_follow_through_rotation(tmp_path: Path) -> None:
    """However many rotations there were between two calls."""
    log = Log(tmp_path, Rotation(40, 9, False))
    follower = log.follower()
    assert follower.read_new() == []  # not there yet
    seen: list[str] = []
    lines = [f"line {number:03}" for number in range(60)]
    for number, line in enumerate(lines):
        log.add(ONE, line + "\n")
        if number % 11 == 0:
            seen += texts(follower.read_new())
    seen += texts(follower.read_new())
    assert seen == lines
    follower.close()


def test_follow_through_flush(log: Log) -> None:
    """An emptied log is read from its beginning."""
    log.add(ONE, "a long line\n")
    follower = log.follower()
    log.file.flush()
    log.add(TWO, "b\n")
    assert [(line.text, line.slot) for line in follower.read_new()] == [("b", 1)]
    follower.close()


def test_last_words() -> None:
    """Errors first, else output; bounded in bytes and in workers."""
    tails = Tails()
    tails.keep(1, False, b"out\n", 4)
    assert tails.last(1, 5) == ["out"]
    tails.keep(1, True, b"x\ny\nz\nnot this", 6)
    assert tails.last(1, 2) == ["y", "z"]
    for _ in range(100):
        tails.keep(1, True, b"0123456789abcde\n" * 1000, 16_000)
    assert set(tails.last(1, 9999)[1:]) == {"0123456789abcde"}
    assert len(tails.last(1, 9999)) <= 2100
    for pid in range(2, 66):
        tails.keep(pid, False, b"a", 1)
    assert tails.last(1, 5) == []
    assert tails.last(65, 5) == ["a"]


def test_index_path_is_safe() -> None:
    """An app's name need not be a file name."""
    assert index_path("/h", "web", "out") == "/h/logs/web-out.index"
    assert "/" not in index_path("/h", "a b/../c", "out").removeprefix("/h/logs/")
