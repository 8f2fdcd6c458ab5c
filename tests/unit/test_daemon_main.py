"""What the daemon says to words, and to an operating system that refuses."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path

import pytest

from daemon import lock, main


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_starts_nothing(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pmd", word])
    monkeypatch.setenv("PM_HOME", str(tmp_path / "home"))
    assert main.main() == 0
    assert capsys.readouterr().out.startswith("Usage: pmd\n")
    assert not (tmp_path / "home").exists()


def test_other_words_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pmd", "--deamonize"])
    monkeypatch.setenv("PM_HOME", str(tmp_path / "home"))
    assert main.main() == 2
    assert "pmd takes no argument `--deamonize`" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


def test_what_the_system_refuses_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_fd: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    reading, writing = os.pipe()
    monkeypatch.setattr(sys, "argv", ["pmd"])
    monkeypatch.setattr(lock, "take", refuse)
    monkeypatch.setenv("PM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PM_READY_FD", str(writing))
    mask = os.umask(0o077)
    try:
        assert main.main() == 1
    finally:
        os.umask(mask)
    with open(reading) as pipe:
        said = json.loads(pipe.read())["error"]["message"]
    assert said == f"the daemon cannot run in {tmp_path}/home: No space left on device"
    assert said in capsys.readouterr().err
