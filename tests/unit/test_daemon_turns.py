"""Whose turn it is."""

from __future__ import annotations

import asyncio

import pytest

from daemon.ordering.turns import Turns
from pm.errors import Failed


def test_first_come_first_served() -> None:
    async def scene() -> list[str]:
        turns, done = Turns("web"), []
        gate = asyncio.Event()

        async def first() -> None:
            await gate.wait()
            done.append("first")

        async def second() -> None:
            done.append("second")

        both = asyncio.gather(turns.run("restart", first), turns.run("reload", second))
        gate.set()
        await both
        return done

    assert asyncio.run(scene()) == ["first", "second"]


def test_what_ends_the_app_cuts_off_what_runs_and_what_waits() -> None:
    async def scene() -> list[object]:
        turns = Turns("web")
        started = asyncio.Event()

        async def hang() -> str:
            started.set()
            await asyncio.Event().wait()
            return "never"

        async def stop() -> str:
            return "stopped"

        running = asyncio.ensure_future(turns.run("start", hang))
        waiting = asyncio.ensure_future(turns.run("resume", hang))
        await started.wait()
        stops = [turns.run("stop", stop, ends=True), turns.run("delete", stop, ends=True)]
        return list(await asyncio.gather(running, waiting, *stops, return_exceptions=True))

    start, resume, stop, delete = asyncio.run(scene())
    assert str(start) == "`start` of `web` was superseded by `stop`"
    assert str(resume) == "`start` of `web` was superseded by `stop`", "as it was typed"
    assert (stop, delete) == ("stopped", "stopped"), "what ends the app is never cut off"


def test_an_error_leaves_the_turn_to_the_next() -> None:
    async def scene() -> str:
        turns = Turns("web")

        async def fail() -> str:
            raise Failed("no")

        async def work() -> str:
            return "done"

        with pytest.raises(Failed, match="no"):
            await turns.run("start", fail)
        return await turns.run("stop", work)

    assert asyncio.run(scene()) == "done"


def test_a_cancelled_asker_takes_its_work_along() -> None:
    async def scene() -> bool:
        turns, ended = Turns("web"), asyncio.Event()

        async def hang() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        asker = asyncio.ensure_future(turns.run("start", hang))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asker.cancel()
        await asyncio.wait([asker])
        await asyncio.wait_for(ended.wait(), 5)
        return asker.cancelled()

    assert asyncio.run(scene())
