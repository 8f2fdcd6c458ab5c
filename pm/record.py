"""Records: `dataclass`, `field` and `replace` as the standard library has them, quick to import.

The standard ones import `inspect` and compile several functions a class: 30 ms for the classes of
this package, in every `pm` command and every master. Here one generic method of each kind does.
To type checkers, and to whatever asks with the functions of `dataclasses`, these are dataclasses.
"""

from __future__ import annotations

_MISSING = object()

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import replace as replace
else:

    class _Default:
        """What `field` says of a field."""

        def __init__(self, default, factory):
            self.default, self.factory = default, factory

    def field(*, default=_MISSING, default_factory=_MISSING):
        """Declare a default, or how to make one."""
        return _Default(default, default_factory)

    def dataclass(cls=None, *, frozen=False, eq=True):
        """Make a class with annotated fields a record."""
        if cls is None:
            return lambda found: dataclass(found, frozen=frozen, eq=eq)
        fields = {}
        for base in reversed(cls.__mro__[1:]):
            fields.update(base.__dict__.get("__record_fields__", {}))
        names = [
            name
            for name, kind in cls.__annotations__.items()
            if not str(kind).startswith("ClassVar")
        ]
        for name in names:
            default = cls.__dict__.get(name, _MISSING)
            fields[name] = default if isinstance(default, _Default) else _Default(default, _MISSING)
            if isinstance(default, _Default):
                delattr(cls, name)
        cls.__record_fields__ = fields
        cls.__match_args__ = tuple(fields)
        cls.__dataclass_fields__ = _StandardFields()
        cls.__init__, cls.__repr__ = _init, _repr
        if eq:
            cls.__eq__, cls.__hash__ = _eq, _hash if frozen else None
        if frozen:
            cls.__setattr__, cls.__delattr__ = _refuse, _refuse
        return cls

    def replace(record, /, **changes):
        """Return a copy with other values in some fields."""
        kept = {name: record.__dict__[name] for name in record.__record_fields__}
        return type(record)(**{**kept, **changes})

    def _init(self, *args, **kwargs):
        fields, values = self.__record_fields__, self.__dict__
        if len(args) > len(fields):
            raise TypeError(f"{type(self).__name__} takes {len(fields)} values, not {len(args)}")
        values.update(zip(fields, args, strict=False))
        for name, value in kwargs.items():
            if name not in fields or name in values:
                raise TypeError(f"{type(self).__name__} got an unexpected or second `{name}`")
            values[name] = value
        for name, said in fields.items():
            if name not in values:
                values[name] = _made(self, name, said)
        post = getattr(self, "__post_init__", None)
        if post is not None:
            post()

    def _made(self, name, said):
        if said.factory is not _MISSING:
            return said.factory()
        if said.default is _MISSING:
            raise TypeError(f"{type(self).__name__} is missing `{name}`")
        return said.default

    def _values(self):
        return tuple(self.__dict__[name] for name in self.__record_fields__)

    def _eq(self, other):
        return _values(self) == _values(other) if type(other) is type(self) else NotImplemented

    def _hash(self):
        return hash(_values(self))

    def _repr(self):
        shown = ", ".join(f"{name}={self.__dict__[name]!r}" for name in self.__record_fields__)
        return f"{type(self).__qualname__}({shown})"

    def _refuse(_self, name, *_):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot change field {name!r}")

    class _StandardFields:
        """The class attribute by which `dataclasses` knows its own, made when first asked for."""

        def __get__(self, record, cls):
            import dataclasses

            shadow = type(cls.__name__, (), {"__annotations__": dict.fromkeys(cls.__match_args__)})
            for name, said in cls.__record_fields__.items():
                if said.factory is not _MISSING:
                    setattr(shadow, name, dataclasses.field(default_factory=said.factory))
                elif said.default is not _MISSING:
                    setattr(shadow, name, dataclasses.field(default=said.default))
            made = dataclasses.dataclass(shadow).__dataclass_fields__
            cls.__dataclass_fields__ = made  # once a class: to make them takes a millisecond
            return made


def fields_of(kind: type) -> dict[str, bool] | None:
    """Return a record's fields, or a dataclass's, and for each whether it must be given.

    None if `kind` is neither.
    """
    ours = getattr(kind, "__record_fields__", None)
    if ours is not None:
        return {n: f.default is _MISSING and f.factory is _MISSING for n, f in ours.items()}
    if not hasattr(kind, "__dataclass_fields__"):
        return None
    from dataclasses import MISSING, fields

    return {f.name: f.default is MISSING and f.default_factory is MISSING for f in fields(kind)}
