"""Dataclasses to JSON and back; what does not fit the types is refused by name.

The one boundary through which data from outside (wire, store, files) becomes our types.
"""

from __future__ import annotations

import enum
import functools
import json
import types
import typing
from typing import Any, TypeVar

from .errors import ConfigError
from .record import fields_of

T = TypeVar("T")

_EXACT = 1 << 53  # beyond it a float is not the whole number that was given
_SHOWN = 80
_SCALARS = frozenset({str, int, float, bool, type(None)})


def to_plain(value: object) -> Any:  # JSON's own type: there is no narrower one
    """Turn a dataclass, or anything made of them, into dicts, lists and scalars."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, enum.Enum):
        return value.value
    names = fields_of(type(value))
    if names is not None:
        return {name: to_plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {str(k): to_plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_plain(v) for v in value]
    return value


def from_plain(kind: type[T], data: object, where: str = "") -> T:
    """Build `kind` from JSON data.

    Raises ConfigError naming the place, the value and what is allowed.
    """
    return typing.cast(T, _build(kind, data, where or getattr(kind, "__name__", str(kind))))


def dumps(value: object) -> bytes:
    """Encode as compact UTF-8 JSON; lone surrogates (undecodable names) survive as escapes."""
    return json.dumps(to_plain(value), separators=(",", ":")).encode()


def loads(kind: type[T], raw: bytes | str, where: str = "") -> T:
    """Decode JSON into `kind`; raises ConfigError for bad JSON and for data that do not fit."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{where or 'data'}: not JSON: {error}") from None
    return from_plain(kind, data, where)


def suggest(word: str, known: typing.Iterable[str]) -> str:
    """Return "did you mean `x`?" for a near miss, else an empty string."""
    import difflib  # only to say something

    near = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean `{near[0]}`?" if near else ""


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {f: hints[f] for f in fields_of(kind) or {}}


def _build(kind: Any, data: object, where: str) -> object:
    origin = typing.get_origin(kind)
    if kind is Any or kind is object:
        return data
    if origin in (typing.Union, getattr(types, "UnionType", typing.Union)):
        return _build_union(typing.get_args(kind), data, where)
    if origin is typing.Literal:
        return _check(data in typing.get_args(kind), data, kind, where)
    if origin in (list, tuple, frozenset, set):
        return _build_sequence(kind, origin, data, where)
    if origin is dict:
        _check(isinstance(data, dict), data, kind, where)
        value_kind = typing.get_args(kind)[1]
        items = typing.cast("dict[str, object]", data).items()
        return {str(k): _build(value_kind, v, f"{where}.{k}") for k, v in items}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        known = [m.value for m in kind]
        hint = "" if data in known else suggest(str(data), known)
        _check(data in known, data, kind, where, hint)
        return kind(data)
    if isinstance(kind, type) and fields_of(kind) is not None:
        return _build_dataclass(kind, data, where)
    return _build_scalar(kind, data, where)


def _build_union(kinds: tuple[Any, ...], data: object, where: str) -> object:
    if data is None and type(None) in kinds:
        return None
    rest = [k for k in kinds if k is not type(None)]
    for kind in rest[:-1]:
        try:
            return _build(kind, data, where)
        except ConfigError:
            continue
    return _build(rest[-1], data, where)


def _build_sequence(kind: Any, origin: Any, data: object, where: str) -> object:
    _check(isinstance(data, (list, tuple)), data, kind, where)
    item = typing.get_args(kind)[0]
    values = typing.cast("list[object]", data)
    return origin(_build(item, v, f"{where}[{i}]") for i, v in enumerate(values))


def _build_dataclass(kind: type, data: object, where: str) -> object:
    _check(isinstance(data, dict), data, kind, where)
    given = typing.cast("dict[str, object]", data)
    hints = _hints(kind)
    for key in given:
        if key not in hints:
            raise ConfigError(f"{where}: unknown key `{key}`", suggest(key, hints))
    required = [name for name, must in (fields_of(kind) or {}).items() if must]
    missing = [name for name in required if name not in given]
    if missing:
        raise ConfigError(f"{where}: missing key `{missing[0]}`")
    return kind(**{k: _build(hints[k], v, f"{where}.{k}") for k, v in given.items()})


def _build_scalar(kind: Any, data: object, where: str) -> object:
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        _check(abs(data) < _EXACT, data, kind, where)
        return float(data)
    if kind is int and isinstance(data, bool):
        return _check(False, data, kind, where)
    return _check(isinstance(data, kind), data, kind, where)


def _check(ok: bool, data: object, kind: Any, where: str, hint: str = "") -> object:
    if not ok:
        shown = repr(data)
        if len(shown) > _SHOWN:
            shown = shown[:_SHOWN] + "..."
        raise ConfigError(f"{where}: {shown} is not {_name(kind)}", hint)
    return data


def _name(kind: Any) -> str:
    if typing.get_origin(kind) is typing.Literal:
        return "one of " + ", ".join(map(str, typing.get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return "one of " + ", ".join(str(m.value) for m in kind)
    plain = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    return plain.get(kind, str(getattr(kind, "__name__", kind)))
