"""The commands of every day: scale, logs, the death of the daemon, save and resurrect."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

from tests.load import Client, Load
from tests.pm_command import Pm
from tests.waiting import until

APPS = Path(__file__).parent / "apps"


def test_scale_up_and_down_under_load(pm: Pm, port: int) -> None:
    pm("start", APPS / "threaded.py", "--name", "web", "--", port)
    with Load(port) as load:
        pm("scale", "web", 4)
        four = pm.pids()
        pm("scale", "web", "+1")
        assert pm.pids()[:4] == four
        pm("scale", "web", "-3")
        assert pm.pids() == four[:2]
        load.more(100)
    assert load.failures == []


def test_logs_say_who_wrote_each_line(pm: Pm) -> None:
    pm("start", APPS / "talks.py", "--name", "talk", "-i", 2)
    both = pm("logs", "talk", "--nostream", "--lines", 1000).out
    for number in range(30):
        assert both.count(f"out {number}\n") == 2
        assert both.count(f"err {number}\n") == 2
    out = pm("logs", "talk", "--nostream", "--out", "--raw", "--lines", 5).out.splitlines()
    assert len(out) == 5
    assert all(line.startswith("out ") for line in out)
    lines = pm("logs", "talk", "--nostream", "--json", "--lines", 1000).out.splitlines()
    assert {json.loads(line)["app_name"] for line in lines} == {"talk"}


def test_logs_end_with_whoever_reads_them(pm: Pm) -> None:
    pm("start", APPS / "talks.py", "--name", "talk")
    with pm.popen("logs", "talk", "--lines", 5) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.wait(10) == 0, "as in `pm logs | head -1`, though nothing more is written"


def test_an_output_that_cannot_be_written_is_said_once(pm: Pm) -> None:
    for command in (("list",), ("jlist",), ("list", "--json"), ("start", "--help")):
        with open("/dev/full", "w") as full:
            result = subprocess.run(
                [pm.bin / "pm", *command],
                env=pm.env, stdout=full, stderr=subprocess.PIPE, text=True, timeout=20,
            )  # fmt: skip
        assert result.returncode == 1, result.stderr
        (said, _) = result.stderr.splitlines()
        assert said == "error: standard output: No space left on device"


def test_logs_follow_through_a_restart(pm: Pm) -> None:
    pm("start", APPS / "talks.py", "--name", "talk")
    child = pm.popen("logs", "talk", "--lines", "1", "--raw", "--out")
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "out 29\n", "it follows from here"
        os.set_blocking(child.stdout.fileno(), False)
        seen: list[str] = []

        def read() -> bool:
            assert child.stdout is not None
            seen.append(child.stdout.read() or "")
            return "".join(seen) == "".join(f"out {number}\n" for number in range(30))

        pm("restart", "talk")
        until(read, "the lines of the restarted app")
    finally:
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=10)


def test_save_kill_resurrect(pm: Pm, port: int) -> None:
    pm("start", APPS / "threaded.py", "-i", 2, "--name", "web", "--", port)
    pm("save")
    pm("kill")
    assert pm.workers() == []
    pm("resurrect")
    assert pm.states("web") == ["online"] * 2
    assert int(Client(port).get()) in pm.pids()


def test_selectors_and_signals(pm: Pm, port: int) -> None:
    pm("start", APPS / "threaded.py", "--name", "web", "--namespace", "front", "--", port)
    pm("start", APPS / "talks.py", "--name", "talk", "--namespace", "back")
    pm("stop", "front")
    assert pm.states("web") == ["stopped"]
    assert pm.states("talk") == ["online"]
    pm("restart", "/we.*/")
    assert pm.states("web") == ["online"]
    pid = pm.pids("talk")[0]
    pm("send-signal", "SIGTERM", "talk")
    until(lambda: pm.pids("talk")[0] not in (0, pid), "talk replaced")
    pm("stop", "all")
    assert set(pm.states()) == {"stopped"}
