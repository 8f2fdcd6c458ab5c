"""What /proc tells of a process: does it run, wait, or is it gone?"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

from pm.master.process import cpu_if_runnable, is_waiting
from pm.master.workers.life import Life
from pm.master.workers.worker import Worker
from tests.waiting import until


@contextmanager
def child(program: str) -> Iterator[int]:
    """Run a Python program; gives its pid."""
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def test_one_that_sleeps_waits_and_asks_for_no_core() -> None:
    with child("input()") as pid:
        until(lambda: is_waiting(pid) and cpu_if_runnable([pid]) is None, "asleep")


def test_one_that_computes_shows_what_it_has_used() -> None:
    with child("while True: pass") as pid:
        until(lambda: (cpu_if_runnable([pid, 0]) or 0.0) > 0.05, "some of its time")
        assert not is_waiting(pid)


def test_one_that_computes_in_another_thread_does_not_sleep() -> None:
    """Its main thread may wait for the interpreter's lock, which a thread without a core holds."""
    computes = "import threading\nthreading.Thread(target=exec, args=('while True: pass',)).start()"
    with child(f"{computes}\nthreading.Event().wait()") as pid:
        until(lambda: (cpu_if_runnable([pid]) or 0.0) > 0.05, "some of its time")
        until(lambda: is_waiting(pid), "the main thread sleeps")
        assert cpu_if_runnable([pid]) is not None


def test_a_worker_whose_child_computes_does_not_sleep() -> None:
    """A child that serves for it has no board before its first connection."""
    computes = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"
    with child(
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {computes!r}])"
    ) as pid:
        load = SimpleNamespace(spec=None, number=1, pid=0)
        worker = Worker(1, 0, cast(Any, load), Life(), pid=pid)
        until(lambda: (worker.used() or 0.0) > 0.05, "some of its child's time")


def test_one_that_has_ended_waits_for_nothing() -> None:
    """Not reaped yet, it looked like an idle app that is ready: /bin/ls on a busy machine."""
    process = subprocess.Popen(["/bin/true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_waiting(process.pid)
    process.wait()
    assert not is_waiting(process.pid)
