"""CPU and memory from samples of /proc."""

from __future__ import annotations

import os

from daemon.metrics import Metrics, Sample, Usage, scan_processes

MB = 1 << 20


def test_a_worker_with_its_descendants() -> None:
    scan = {
        10: Sample(1, 1.0, 100.0, 5 * MB),
        11: Sample(10, 0.5, 101.0, 2 * MB),
        12: Sample(11, 0.5, 101.0, 1 * MB),
        13: Sample(1, 9.0, 50.0, 9 * MB),
    }
    assert Metrics().look([10, 99], scan, now=110.0) == {10: Usage(20.0, 8 * MB)}


def test_the_second_look_counts_from_the_first() -> None:
    metrics = Metrics()
    metrics.look([10], {10: Sample(1, 1.0, 100.0, MB)}, now=110.0)
    scan = {10: Sample(1, 2.0, 100.0, MB), 11: Sample(10, 0.5, 111.0, MB)}
    assert metrics.look([10], scan, now=112.0)[10].cpu == 75.0


def test_looks_close_together_keep_the_figure() -> None:
    metrics = Metrics()
    scan = {10: Sample(1, 1.0, 100.0, MB)}
    first = metrics.look([10], scan, now=110.0)
    assert metrics.look([10], {10: Sample(1, 1.01, 100.0, MB)}, now=110.1) == first


def test_another_process_with_the_same_pid_begins_anew() -> None:
    metrics = Metrics()
    metrics.look([10], {10: Sample(1, 50.0, 100.0, MB)}, now=200.0)
    assert metrics.look([10], {10: Sample(1, 1.0, 201.0, MB)}, now=211.0)[10].cpu == 10.0


def test_a_look_at_one_does_not_forget_the_others() -> None:
    metrics = Metrics()
    scan = {10: Sample(1, 1.0, 100.0, MB), 20: Sample(1, 1.0, 100.0, MB)}
    metrics.look([10, 20], scan, now=110.0)
    metrics.look([20], scan, now=120.0)
    later = {10: Sample(1, 2.0, 100.0, MB), 20: Sample(1, 1.0, 100.0, MB)}
    assert metrics.look([10], later, now=130.0)[10].cpu == 5.0


def test_the_scan_sees_this_process() -> None:
    own = scan_processes()[os.getpid()]
    assert own.parent == os.getppid()
    assert own.memory > MB
