"""Workers that a dead master left behind: nobody may start doubles beside them."""

from __future__ import annotations

import asyncio
import signal

from pm.model import AppSpec

from .process import Process, hold
from .runfile import RunFile

_MARGIN = 2.0


async def dismiss(run: RunFile, spec: AppSpec) -> int:
    """See workers of a dead master to their end; return how many had been left.

    A template of theirs that lives gives them the stop: we do the same once none is left, or
    when it has had its time.
    """
    wardens = [process for seen in run.wardens if (process := hold(seen)) is not None]
    held = [process for seen in run.workers if (process := hold(seen)) is not None]
    warded = asyncio.ensure_future(_all_gone(wardens, spec.kill_timeout + _MARGIN))
    try:
        await asyncio.gather(*(_dismiss(process, warded, spec) for process in held))
    finally:
        warded.cancel()
        for warden in wardens:
            warden.release()
    return len(held)


async def _all_gone(wardens: list[Process], seconds: float) -> None:
    await asyncio.gather(*(warden.gone_within(seconds) for warden in wardens))


async def _dismiss(process: Process, warded: asyncio.Future[None], spec: AppSpec) -> None:
    ended = asyncio.ensure_future(process.ended.wait())
    try:
        await asyncio.wait((ended, warded), return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            return
        process.send(_number(spec.stop_signal))
        if await process.gone_within(spec.kill_timeout):
            return
        process.kill_group()
        await process.gone_within(_MARGIN)
    finally:
        ended.cancel()
        process.release()


def _number(name: str) -> int:
    try:
        return signal.Signals[name].value
    except KeyError:
        return signal.SIGTERM
