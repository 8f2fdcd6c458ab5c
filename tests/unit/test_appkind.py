"""ASGI or WSGI, by how an application is called."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from pm.worker.webapp.appkind import AIOHTTP, ASGI, WSGI, kind_of, takes_nothing


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


def asgi_plain(scope: Any, receive: Any, send: Any) -> Any: ...


def wsgi(environ: Any, start_response: Any) -> Any: ...


def wsgi_wide(*args: Any, **kwargs: Any) -> Any: ...


def factory() -> Any: ...


class Asgi:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


class AsgiOfTwo:
    def __init__(self, scope: Any) -> None: ...

    async def __call__(self, receive: Any, send: Any) -> None: ...


class AsgiByAttribute:
    """A wrapper that decides when it is made how it is called."""

    def __init__(self) -> None:
        self.__call__ = asgi


class AsgiAwaited:
    def __init__(self, scope: Any, receive: Any, send: Any) -> None: ...

    def __await__(self) -> Any: ...


class Wsgi:
    def __call__(self, environ: Any, start_response: Any) -> Any: ...


class WsgiIterated:
    def __init__(self, environ: Any, start_response: Any) -> None: ...

    def __iter__(self) -> Any: ...


class Method:
    def wsgi(self, environ: Any, start_response: Any) -> Any: ...


Aiohttp = type("Application", (), {"__module__": "aiohttp.web_app", "__call__": wsgi})


@pytest.mark.parametrize(
    ("app", "kind"),
    [
        (asgi, ASGI),
        (asgi_plain, ASGI),
        (functools.partial(asgi), ASGI),
        (functools.partial(asgi_plain, {}), WSGI),
        (Asgi(), ASGI),
        (AsgiOfTwo, ASGI),
        (AsgiByAttribute(), ASGI),
        (AsgiAwaited, ASGI),
        (wsgi, WSGI),
        (wsgi_wide, WSGI),
        (Wsgi(), WSGI),
        (WsgiIterated, WSGI),
        (Method().wsgi, WSGI),
        (Aiohttp(), AIOHTTP),
        (type("Mine", (Aiohttp,), {})(), AIOHTTP),
        (factory, ""),
        (Asgi, ""),
        (5, ""),
        (None, ""),
    ],
)
def test_the_kind_is_seen_without_a_call(app: object, kind: str) -> None:
    assert kind_of(app) == kind


def test_a_factory_takes_nothing() -> None:
    assert takes_nothing(factory)
    assert takes_nothing(Wsgi)
    assert not takes_nothing(wsgi)
    assert not takes_nothing(5)
