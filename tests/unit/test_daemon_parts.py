"""The small parts: log, kept listeners, run files, readiness pipe, signals, handlers."""

from __future__ import annotations

import gzip
import json
import logging
import os
import socket
from pathlib import Path

import pytest

from daemon.logfile import OwnLog
from daemon.masters import runfile
from daemon.masters.kept import Kept
from daemon.masters.process import Alive, start_time
from daemon.operations import empty_file, signal_name
from daemon.ready import Ready
from daemon.requests.handlers import HANDLERS
from pm.api import REQUESTS
from pm.errors import Failed, UsageError


def test_every_request_has_a_handler() -> None:
    assert set(HANDLERS) == set(REQUESTS.values())


def test_the_own_log_rotates_compressed_and_keeps_few(tmp_path: Path) -> None:
    path = str(tmp_path / "pm.log")
    log = OwnLog(path, max_size=200, kept=2)
    for number in range(30):
        log.emit(logging.LogRecord("x", logging.INFO, "", 0, f"line {number}", None, None))
    log.close()
    assert sorted(os.listdir(tmp_path)) == ["pm.log", "pm.log.1.gz", "pm.log.2.gz"]
    with gzip.open(f"{path}.1.gz", "rt") as packed:
        text = packed.read() + Path(path).read_text()
    assert "line 29" in text
    assert {os.stat(tmp_path / name).st_mode & 0o777 for name in os.listdir(tmp_path)} == {0o600}


def test_kept_listeners_are_replaced_and_released() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    kept = Kept()
    kept.replace(["a", "b"], [os.dup(listener.fileno()), os.dup(listener.fileno())])
    kept.replace(["a"], [os.dup(listener.fileno())])
    assert len(kept.fds) == 1
    kept.release()
    assert not kept.keys
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    listener.close()


def test_the_file_of_a_kept_unix_listener_goes_with_it(tmp_path: Path) -> None:
    path = str(tmp_path / "sock|1")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        kept = Kept()
        kept.replace([f"unix|{path}|0|0"], [os.dup(listener.fileno())])
        kept.release()
    assert not os.path.exists(path)


def test_run_files_are_read_and_spoilt_ones_ignored(tmp_path: Path) -> None:
    home = str(tmp_path)
    (tmp_path / "run").mkdir()
    alive = {"pid": 7, "start": 9}
    warden = {"pid": 8, "start": 10}
    body = {"app": "web", "nonce": "n", **alive, "workers": [alive], "wardens": [warden], "more": 1}
    (tmp_path / "run" / "web.json").write_text(json.dumps(body))
    (tmp_path / "run" / "bad.json").write_text("{")
    (tmp_path / "run" / "list.json").write_text("[]")
    found = runfile.read(home, "web")
    assert found is not None
    assert (found.master, found.workers) == (Alive(7, 9), (Alive(7, 9),))
    assert found.wardens == (Alive(8, 10),)
    assert [run.app for run in runfile.read_all(home)] == ["web"]
    assert runfile.read(home, "other") is None
    runfile.remove(home, "web")
    assert runfile.read(home, "web") is None


def test_start_times() -> None:
    assert start_time(os.getpid()) > 0
    assert start_time(2**22 + 1) == 0


def test_the_readiness_pipe_says_one_line() -> None:
    reading, writing = os.pipe()
    ready = Ready(str(writing))
    ready.failed(Failed("no", "do that"))
    ready.ok()
    with open(reading) as pipe:
        assert json.loads(pipe.read()) == {
            "error": {"code": "failed", "message": "no", "hint": "do that"}
        }


def test_without_a_readiness_pipe_nothing_is_said() -> None:
    for number in (None, "", "x", "9999"):
        Ready(number).ok()


@pytest.mark.parametrize("text", ["SIGUSR1", "usr1", "USR1", "10"])
def test_signals_by_name_and_number(text: str) -> None:
    assert signal_name(text) == "SIGUSR1"


def test_no_signal() -> None:
    with pytest.raises(UsageError) as caught:
        signal_name("SIGUSR11")
    assert caught.value.hint == "did you mean `SIGUSR1`?"
    with pytest.raises(UsageError):
        signal_name("999")


def test_emptying_what_is_no_file(tmp_path: Path) -> None:
    for path in ("/dev/null", str(tmp_path / "none"), str(tmp_path / "no" / "folder")):
        empty_file(path)
    (tmp_path / "gone.log.3.gz").touch()
    empty_file(str(tmp_path / "gone.log"))
    assert list(tmp_path.iterdir()) == []
