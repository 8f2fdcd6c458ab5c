"""Shards: stable, even, and few keys move."""

from __future__ import annotations

from collections import Counter

import pytest

from pm.cluster.shards import jump, shard_of

SHARDS = [1, 7, 6, 4, 4, 4, 7]
KEYS = [f"user-{n}" for n in range(20_000)]


def test_a_key_has_the_same_shard_for_ever() -> None:
    assert [shard_of(key, 8) for key in ("a", "b", "ü", b"a", 1, "1", -5)] == SHARDS


def test_one_more_shard_takes_its_share_of_the_keys_and_moves_no_other() -> None:
    for shards in (1, 2, 7, 16):
        before = [shard_of(key, shards) for key in KEYS]
        after = [shard_of(key, shards + 1) for key in KEYS]
        moved = [(b, a) for b, a in zip(before, after, strict=True) if a != b]
        assert {a for _, a in moved} == {shards}
        assert abs(len(moved) - len(KEYS) / (shards + 1)) < 0.1 * len(KEYS) / (shards + 1) + 50


def test_the_keys_are_spread_evenly() -> None:
    counts = Counter(shard_of(key, 10) for key in KEYS)
    assert len(counts) == 10
    assert max(counts.values()) < 1.1 * min(counts.values()) + 50


def test_the_jump_hash_gives_the_published_results() -> None:
    assert [jump(256, 1024), jump(0, 1), jump(0xDEAD10CC, 666), jump(10863919174838991, 11)] == [
        520, 0, 361, 6,
    ]  # fmt: skip


def test_without_pm_there_is_one_shard() -> None:
    assert shard_of("anything") == 0


@pytest.mark.parametrize("key", [None, 1.5, True, ("a",)])
def test_other_keys_are_refused(key: object) -> None:
    with pytest.raises(TypeError, match="a key is str, bytes or int"):
        shard_of(key, 4)  # type: ignore[arg-type]


def test_no_shards_are_refused() -> None:
    with pytest.raises(ValueError, match="0 shards"):
        shard_of("a", 0)
