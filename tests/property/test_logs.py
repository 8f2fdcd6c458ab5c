"""Whatever workers write, in whatever pieces: the files hold each line whole, once, and owned."""

from __future__ import annotations

import os
import select
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pm.logindex import Follower, read_tail
from pm.master.output.logfile import LogFile, LogPath, Rotation
from pm.master.output.logloop import Loop
from pm.master.output.logowners import Writer
from pm.master.output.logs import LogPlan, LogWriter

TEXT = st.binary(max_size=30).map(lambda raw: raw.translate(None, b"\r\n"))
LINES = st.lists(TEXT, max_size=12)
ALL = 1_000_000
IDLE = Loop(lambda _text: None)


@settings(deadline=None)  # files: the disk's time is not ours
@given(
    # few lines: at the smallest size each moves all the pieces before it
    writes=st.lists(st.tuples(st.integers(0, 2), st.lists(TEXT, max_size=4)), max_size=12),
    size=st.integers(1, 200),
    look=st.sets(st.integers(0, 11)),
)
def test_files_and_readers_agree(
    writes: list[tuple[int, list[bytes]]], size: int, look: set[int]
) -> None:
    """Rotated at any size: the tail and a follower give every line with its writer."""
    writers = [Writer(slot, 100 + slot, False) for slot in range(3)]
    with tempfile.TemporaryDirectory() as folder:
        where = LogPath(os.path.join(folder, "l"), os.path.join(folder, "i"))
        file = LogFile(where, Rotation(size, 500, False), lambda _text: None, IDLE)
        file.create()
        follower = Follower(where.path, where.index, "out")
        expected, followed = [], []
        for number, (slot, lines) in enumerate(writes):
            data = b"".join(line + b"\n" for line in lines)
            file.append(writers[slot], data, len(data))
            expected += [(line.decode(errors="replace"), slot) for line in lines]
            if number in look:
                followed += follower.read_new()
        followed += follower.read_new()
        found = read_tail(where.path, where.index, "out", ALL)
        assert [(line.text, line.slot) for line in found] == expected
        assert [(line.text, line.slot) for line in followed] == expected
        file.stop()
        follower.close()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(LINES, min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 40)), max_size=60),
)
def test_lines_of_workers_are_never_mixed(
    texts: list[list[bytes]], cuts: list[tuple[int, int]]
) -> None:
    """Pipes written in any pieces, turn by turn: each worker's lines come out as they went in."""
    with tempfile.TemporaryDirectory() as folder:
        out = LogPath(os.path.join(folder, "o"), os.path.join(folder, "oi"))
        error = LogPath(os.devnull, "")
        logs = LogWriter(LogPlan(out, error, None, Rotation(100, 500, False)))
        left = [b"".join(line + b"\n" for line in lines) for lines in texts]
        ends = []
        for slot in range(len(left)):
            reader, end = os.pipe()
            logs.add(reader, "out", slot, 100 + slot)
            ends.append(end)
        for slot, cut in cuts:
            if slot < len(left) and left[slot]:
                os.write(ends[slot], left[slot][:cut])
                left[slot] = left[slot][cut:]
        for slot, end in enumerate(ends):
            os.write(end, left[slot])
            os.close(end)
        finished: list[int] = []
        while len(finished) < len(ends):
            assert select.select([logs.finished_fd], [], [], 10)[0]
            finished += logs.take_finished()
        found = read_tail(out.path, out.index, "out", ALL)
        logs.close(10)
        for slot, lines in enumerate(texts):
            mine = [line.text for line in found if line.slot == slot]
            assert mine == [line.decode(errors="replace") for line in lines]
        pieces = b"".join(path.read_bytes() for path in Path(folder).glob("o*") if path.name != "oi"
                          and not path.name.startswith("oi."))  # fmt: skip
        assert len(pieces) == sum(len(line) + 1 for lines in texts for line in lines)
