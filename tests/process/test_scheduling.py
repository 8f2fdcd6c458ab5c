"""A reload may bring another policy: old and new workers serve side by side meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from pm.codec import to_plain
from pm.model import Scheduling
from pm.record import replace
from tests.load import Load
from tests.process.engine import Engine, spec_of

THREADED = Path(__file__).parents[1] / "e2e" / "apps" / "threaded.py"
ROUND_ROBIN, LEAST, HASH, SHARED = Scheduling


@pytest.mark.parametrize("keepalive", [False, True])
@pytest.mark.parametrize(
    ("before", "after"), [(ROUND_ROBIN, LEAST), (HASH, SHARED), (SHARED, ROUND_ROBIN)]
)
def test_a_reload_changes_the_policy_without_a_failure(
    pm_home: Path, port: int, before: Scheduling, after: Scheduling, keepalive: bool
) -> None:
    spec = spec_of(THREADED, port, instances=2, scheduling=before)
    with Engine(pm_home, spec, 2) as engine:
        engine.online(2)
        assert _served(engine) == [before.value]
        with Load(port, keepalive=keepalive) as load:
            done = engine.call("reload", spec=to_plain(replace(spec, scheduling=after)))
            assert done.error is None
            load.more(100)
        # a connection between requests can only move to a worker that has a channel of its own
        if not keepalive or SHARED not in (before, after):
            assert not load.failures
        assert _served(engine) == [after.value]


def _served(engine: Engine) -> list[str]:
    assert engine.status is not None
    return [listener.served for listener in engine.status.listeners]
