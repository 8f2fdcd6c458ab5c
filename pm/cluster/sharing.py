"""`@pm.cluster.shared(ttl=10)`: all workers of the app share a result, and only one computes it."""

from __future__ import annotations

import functools
import inspect
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..worker import here
from ..worker.messages.post import encode
from .asking import readable, wait
from .copies import Copies
from .exchange import Exchange

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Function = TypeVar("Function", bound=Callable[..., Any])


def shared(ttl: float, patience: float = 30.0) -> Callable[[Function], Function]:
    """Let all workers of the app share what the decorated function returns, for `ttl` seconds.

    Arguments and results are JSON, at most 1 MiB; each call gets a copy of its own. One worker
    computes, the others wait; if it dies, or takes longer than `patience` seconds, another does.
    An exception is raised where it happened, and as RequestFailed with its text in the workers
    that wait; it is not kept. A new load of the code shares nothing with the old one. Without a
    master the result is shared within this process.
    """

    def decorate(function: Function) -> Function:
        results = _Results(function, float(ttl), float(patience))

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            return results.call(*args, **kwargs)

        @functools.wraps(function)
        async def acall(*args: Any, **kwargs: Any) -> Any:
            return await results.acall(*args, **kwargs)

        chosen: Any = acall if inspect.iscoroutinefunction(function) else call
        return chosen  # type: ignore[no-any-return]

    return decorate


class _Flight:
    """A result on its way to this process: one call fetches it, the others wait for that."""

    def __init__(self, landed: Any) -> None:
        self.landed = landed
        """An Event of threading, or of asyncio."""
        self.body: bytes | None = None
        """None as well if the call that was to fetch it was cut off: another has to."""
        self.error: Exception | None = None


class _Results:
    """The results of one function, as this process knows them."""

    def __init__(self, function: Callable[..., Any], ttl: float, patience: float) -> None:
        self._function = function
        self._name = [function.__module__, function.__qualname__, _line(function)]
        self._ttl = ttl
        self._patience = patience
        self._copies = Copies()
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[object, _Flight] = {}

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Return the result."""
        key = self._key(args, kwargs)
        while (body := self._copies.get(key)) is None:
            flight, mine = self._board(key, threading.Event)
            if mine:
                with self._landing(key, flight):
                    flight.body = self._fetch(key, args, kwargs)
            else:
                flight.landed.wait()
                if flight.error is not None:
                    raise flight.error
            if flight.body is not None:
                body = flight.body
                break
        return json.loads(body)

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        """Return the result, in an asyncio loop."""
        import asyncio

        key = self._key(args, kwargs)
        place = key, id(asyncio.get_running_loop())
        while (body := self._copies.get(key)) is None:
            flight, mine = self._board(place, asyncio.Event)
            if mine:
                with self._landing(place, flight):
                    flight.body = await self._afetch(key, args, kwargs)
            else:
                await flight.landed.wait()
                if flight.error is not None:
                    raise flight.error
            if flight.body is not None:
                body = flight.body
                break
        return json.loads(body)

    def _fetch(self, key: str, args: Any, kwargs: Any) -> bytes:
        with Exchange(key, self._patience) as exchange:
            if exchange.sock is not None:
                wait(exchange.sock, None)
            found = exchange.taken()
            if found is None:
                with _failing(exchange):
                    found = encode(self._function(*args, **kwargs)), self._ttl
                exchange.tell(*found)
        return self._keep(key, *found)

    async def _afetch(self, key: str, args: Any, kwargs: Any) -> bytes:
        with Exchange(key, self._patience) as exchange:
            if exchange.sock is not None:
                await readable(exchange.sock, None)
            found = exchange.taken()
            if found is None:
                with _failing(exchange):
                    found = encode(await self._function(*args, **kwargs)), self._ttl
                exchange.tell(*found)
        return self._keep(key, *found)

    def _keep(self, key: str, body: bytes, left: float) -> bytes:
        with self._lock:
            self._copies.put(key, body, left)
        return body

    def _board(self, place: object, event: Callable[[], Any]) -> tuple[_Flight, bool]:
        """Return the flight to wait for, and whether it is the caller who fetches."""
        with self._lock:
            flight = self._flights.get(place)
            if flight is not None:
                return flight, False
            flight = self._flights[place] = _Flight(event())
            return flight, True

    @contextmanager
    def _landing(self, place: object, flight: _Flight) -> Iterator[None]:
        """Let those who wait look, whatever has come of it."""
        try:
            yield
        except Exception as error:
            flight.error = error
            raise
        finally:
            with self._lock:
                self._flights.pop(place, None)
            flight.landed.set()

    def _key(self, args: Any, kwargs: Any) -> str:
        from hashlib import blake2b

        call = json.dumps([here.generation, *self._name, args, kwargs], sort_keys=True)
        return blake2b(call.encode(), digest_size=32).hexdigest()


@contextmanager
def _failing(exchange: Exchange) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        exchange.fail(error)
        raise


def _line(function: Any) -> int:
    """Return where a function begins: two lambdas have the same name."""
    return getattr(getattr(function, "__code__", None), "co_firstlineno", 0)
