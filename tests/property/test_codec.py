"""The codec's laws: the way there and back changes nothing, and foreign JSON never crashes it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pm.api import REQUESTS, Envelope
from pm.codec import dumps, from_plain, loads
from pm.control import MESSAGES
from pm.errors import ConfigError
from pm.model import AppSpec, Mode, State, Target, WorkerView

TEXT = st.text(st.characters(codec=None), max_size=20)
NAMES = st.from_regex(r"[a-z][a-z0-9 ._-]{0,30}", fullmatch=True).filter(lambda n: n != "all")
SECONDS = st.floats(0, 999_999)

SPECS = st.builds(
    AppSpec,
    name=NAMES,
    script=TEXT.filter(bool),
    cwd=TEXT,
    target=st.sampled_from(Target),
    args=st.lists(TEXT, max_size=3).map(tuple),
    exec_mode=st.sampled_from(Mode),
    instances=st.integers(0, 100),
    env=st.dictionaries(TEXT, TEXT, max_size=3),
    listen_timeout=SECONDS,
    stop_exit_codes=st.lists(st.integers(), max_size=3).map(tuple),
)
WORKERS = st.builds(
    WorkerView,
    slot=st.integers(0),
    state=st.sampled_from(State),
    exit_code=st.none() | st.integers(),
    started_at=st.floats(allow_nan=False),
    reason=TEXT,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
KINDS = [Envelope, AppSpec, *REQUESTS.values(), *MESSAGES.values()]


@given(SPECS)
def test_a_spec_survives(spec: AppSpec) -> None:
    assert loads(AppSpec, dumps(spec)) == spec


@given(WORKERS)
def test_a_view_survives(view: WorkerView) -> None:
    assert loads(WorkerView, dumps(view)) == view


@given(st.sampled_from(KINDS), st.data())
def test_foreign_data_is_built_or_refused(kind: type, data: st.DataObject) -> None:
    known = st.sampled_from(sorted({*(f.name for f in dataclasses.fields(kind)), "name", "id"}))
    body = data.draw(JSON | st.dictionaries(known, JSON, max_size=4))
    with contextlib.suppress(ConfigError):
        built: Any = from_plain(kind, json.loads(json.dumps(body)))
        assert type(built) is kind
