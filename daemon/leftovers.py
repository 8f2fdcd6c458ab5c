"""Workers that a dead master left behind: nobody may start doubles beside them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable

from pm.model import AppSpec, Mode

from .process import Alive, Process, hold

_WARDEN_MARGIN = 2.0


async def dismiss(workers: Iterable[Alive], spec: AppSpec) -> int:
    """See workers of a dead master to their end; return how many had been left.

    In cluster mode their template gives them the stop: it gets its time before we do the same.
    """
    held = [process for seen in workers if (process := hold(seen)) is not None]
    patience = spec.kill_timeout + _WARDEN_MARGIN if spec.exec_mode is Mode.CLUSTER else 0.0
    await asyncio.gather(*(_dismiss(process, patience, spec) for process in held))
    return len(held)


async def _dismiss(process: Process, patience: float, spec: AppSpec) -> None:
    try:
        if patience and await process.gone_within(patience):
            return
        process.send(_number(spec.stop_signal))
        if await process.gone_within(spec.kill_timeout):
            return
        process.kill_group()
        await process.gone_within(_WARDEN_MARGIN)
    finally:
        process.release()


def _number(name: str) -> int:
    try:
        return signal.Signals[name].value
    except KeyError:
        return signal.SIGTERM
