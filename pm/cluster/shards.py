"""Which worker owns a key: the same answer in every worker, after every restart.

The hash is BLAKE2b of the key's kind and bytes; from it, jump consistent hashing (Lamping and
Veach, 2014) finds the shard, so that one shard more or less moves only its share of the keys.
"""

from __future__ import annotations

from ..worker import here

_MULTIPLIER = 2862933555777941757
_WORD = (1 << 64) - 1


def shard_of(key: str | bytes | int, shards: int | None = None) -> int:
    """Return the shard of a key: the slot of the worker that owns it.

    `shards` is the app's number of slots unless it is given; with n + 1 in the place of n, one
    key in n + 1 moves, to the new shard. `1`, `"1"` and `b"1"` are three keys. Raises TypeError
    for a key of another kind, ValueError for less than one shard.
    """
    count = here.slots() if shards is None else shards
    if count < 1:
        raise ValueError(f"{count} shards: at least 1")
    return jump(_hash(key), count)


def _hash(key: str | bytes | int) -> int:
    from hashlib import blake2b  # OpenSSL comes with it: only where shards are used

    if isinstance(key, str):
        raw = b"s" + key.encode("utf-8", "surrogatepass")
    elif isinstance(key, bytes):
        raw = b"b" + key
    elif isinstance(key, int) and not isinstance(key, bool):
        raw = b"i%d" % key
    else:
        raise TypeError(f"a key is str, bytes or int, not {type(key).__name__}")
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "big")


def jump(number: int, shards: int) -> int:
    """Return the shard, 0 to shards - 1, of a number of 64 bits."""
    shard, candidate = -1, 0
    while candidate < shards:
        shard = candidate
        number = (number * _MULTIPLIER + 1) & _WORD
        candidate = int((shard + 1) * ((1 << 31) / ((number >> 33) + 1)))
    return shard
