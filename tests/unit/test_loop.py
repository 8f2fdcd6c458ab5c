"""The master's event loop: fds, timers, signals."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator

import pytest

from pm.master.loop import Loop, now


@pytest.fixture
def loop() -> Iterator[Loop]:
    """A loop that ends by itself after five seconds; the process's signals are put back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGUSR2)}
    wakeup = signal.set_wakeup_fd(-1)
    loop = Loop()
    late = loop.call_at(now() + 5.0, loop.stop)
    yield loop
    assert late.action is not None, "the deadline came"
    signal.set_wakeup_fd(wakeup)
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_timers_fire_in_order_of_time_then_of_asking(loop: Loop) -> None:
    fired: list[str] = []
    start = now()
    loop.call_at(start + 0.02, loop.stop)
    loop.call_at(start + 0.01, lambda: fired.append("b"))
    loop.call_at(start + 0.01, lambda: fired.append("c"))
    loop.call_at(start - 1.0, lambda: fired.append("a"))
    loop.run()
    assert fired == ["a", "b", "c"]
    assert now() >= start + 0.02


def test_a_cancelled_timer_does_nothing(loop: Loop) -> None:
    fired: list[str] = []
    timer = loop.call_at(now(), lambda: fired.append("cancelled"))
    timer.cancel()
    timer.cancel()
    done = loop.call_at(now(), loop.stop)
    loop.run()
    done.cancel()
    assert fired == []


def test_a_timer_may_cancel_the_one_after_it_and_ask_for_another(loop: Loop) -> None:
    fired: list[str] = []
    start = now()

    def first() -> None:
        second.cancel()
        loop.call_at(start, loop.stop)

    loop.call_at(start, first)
    second = loop.call_at(start, lambda: fired.append("second"))
    loop.run()
    assert fired == []


def test_an_fd_is_watched_until_it_is_forgotten(loop: Loop) -> None:
    reader, writer = os.pipe()
    seen: list[bytes] = []

    def read(_: int) -> None:
        seen.append(os.read(reader, 1))
        if len(seen) == 2:
            loop.forget(reader)
            loop.forget(reader)
            loop.call_at(now() + 0.01, loop.stop)

    loop.watch(reader, select.EPOLLIN, lambda _: pytest.fail("replaced"))
    loop.watch(reader, select.EPOLLIN, read)
    os.write(writer, b"abc")
    loop.run()
    assert seen == [b"a", b"b"]
    os.close(reader)
    os.close(writer)


def test_a_handler_may_forget_another_of_the_same_round(loop: Loop) -> None:
    pairs = [os.pipe(), os.pipe()]
    served: list[int] = []

    def serve(at: int) -> None:
        served.append(at)
        for reader, _ in pairs:
            loop.forget(reader)
        loop.stop()

    for at, (reader, writer) in enumerate(pairs):
        loop.watch(reader, select.EPOLLIN, lambda _, at=at: serve(at))  # type: ignore[misc]
        os.write(writer, b"x")
    loop.run()
    assert len(served) == 1
    for pair in pairs:
        for fd in pair:
            os.close(fd)


def test_signals_become_events_of_the_loop(loop: Loop) -> None:
    seen: list[str] = []
    loop.on_signal(signal.SIGUSR1, lambda: seen.append("usr1"))
    loop.on_signal(signal.SIGUSR2, loop.stop)
    os.kill(os.getpid(), signal.SIGUSR1)
    assert seen == []
    loop.call_at(now(), lambda: os.kill(os.getpid(), signal.SIGUSR2))
    loop.run()
    assert seen == ["usr1"]


def test_after_each_round(loop: Loop) -> None:
    rounds: list[int] = []
    loop.after_each.append(lambda: rounds.append(1))
    for _ in range(10):
        loop.call_at(now() - 1, lambda: None)
    loop.call_at(now() - 1, loop.stop)
    loop.run()
    assert rounds == [1]


def test_what_is_said_of_a_closed_fd_is_not_meant_for_the_next_of_its_number(loop: Loop) -> None:
    """Both ends of file are of one round, and the first handler lets go of the other's fd."""
    pipes = [os.pipe(), os.pipe()]
    fresh = os.pipe()
    told: list[int] = []

    def first(mine: int, other: int) -> None:
        loop.forget(mine)
        loop.forget(other)
        os.dup2(fresh[0], other)
        loop.watch(other, select.EPOLLIN, told.append)

    (a, a_writer), (b, b_writer) = pipes
    loop.watch(a, select.EPOLLIN, lambda _: first(a, b))
    loop.watch(b, select.EPOLLIN, lambda _: first(b, a))
    os.close(a_writer)
    os.close(b_writer)
    loop.turn()
    assert told == []
    os.write(fresh[1], b"x")
    loop.turn()
    assert told == [select.EPOLLIN]
    loop.close()
    for fd in (a, b, *fresh):
        os.close(fd)
