"""YAML as plain values. Aliases are counted before they are followed: a few lines of them may
stand for more than any memory holds ("billion laughs").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pm.errors import ConfigError

if TYPE_CHECKING:
    from yaml.nodes import Node

ROOM = 10_000_000
"""What a file may say with all aliases written out: its characters, and ten for each value."""
_EACH = 10
_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_HINT = "leave aliases (`*name`) out; what all apps share may stand in `defaults`"


def parse(text: str, path: str) -> object:
    """Return what the text says; raises ConfigError."""
    import yaml  # here: it takes longer to import than most commands

    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _size(node, {}) > ROOM:
            raise ConfigError(f"{path}: its aliases stand for more than 10 MB of text", _HINT)
        _take_keys_as_text(node, set())
        found: object = loader.construct_document(node)
        return found
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        raise ConfigError(f"{path}: {error}") from None
    finally:
        loader.dispose()


def _size(node: Node, known: dict[int, int]) -> int:
    """Return how much a node stands for; one within itself has no end."""
    if id(node) not in known:
        known[id(node)] = ROOM + 1  # if it is met again before it is counted
        known[id(node)] = _EACH + sum(_size(part, known) for part in _parts(node))
        known[id(node)] += len(node.value) if isinstance(node.value, str) else 0
    return known[id(node)]


def _parts(node: Node) -> list[Node]:
    """Return a list's values, a table's keys and values."""
    if isinstance(node.value, str):
        return []
    pairs = (one if isinstance(one, tuple) else (one,) for one in node.value)
    return [part for pair in pairs for part in pair]


def _take_keys_as_text(node: Node, seen: set[int]) -> None:
    """Make `1:` and `yes:` the keys "1" and "yes", as in PM2 and all other formats."""
    if id(node) in seen:
        return
    seen.add(id(node))
    for part in node.value if isinstance(node.value, list) else ():
        if isinstance(part, tuple) and isinstance(part[0].value, str) and part[0].tag != _MERGE:
            part[0].tag = _TEXT
    for part in _parts(node):
        _take_keys_as_text(part, seen)
