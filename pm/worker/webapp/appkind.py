"""What a web application is: ASGI or WSGI, by how it is called. Nothing is called here."""

from __future__ import annotations

import inspect

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any

ASGI = "ASGI"
WSGI = "WSGI"
AIOHTTP = "aiohttp"
"""An `aiohttp.web.Application`, which only aiohttp itself serves."""


def kind_of(app: Any) -> str:
    """Return the kind of an application; empty if it is none.

    ASGI: a coroutine function, an object or class whose `__call__` is one, or what takes exactly
    (scope, receive, send). WSGI: what can be called with (environ, start_response).
    """
    if any(f"{kind.__module__}.{kind.__name__}" == _AIOHTTP for kind in type(app).__mro__):
        return AIOHTTP
    call = getattr(app, "__call__", None)  # noqa: B004  (an instance may have one of its own)
    if call is None:
        return ""
    if inspect.isclass(app):
        return _kind_of_class(app)
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(call):
        return ASGI
    return _by_arguments(app if inspect.isroutine(app) else call)


def _kind_of_class(app: Any) -> str:
    """Return the kind of a class that is made anew for each request."""
    if inspect.iscoroutinefunction(app.__call__):  # ASGI 2: made with the scope, then called
        return ASGI if _takes(app, 1) else ""
    return ASGI if hasattr(app, "__await__") else _by_arguments(app)


def _by_arguments(called: Any) -> str:
    if _takes(called, 2):
        return WSGI
    return ASGI if _takes(called, 3) else ""


def takes_nothing(app: object) -> bool:
    """Return True if it can be called without arguments: it may be a factory."""
    return callable(app) and _takes(app, 0)


_AIOHTTP = "aiohttp.web_app.Application"


def _takes(function: Any, count: int) -> bool:
    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # written in C, and silent about it
        return count == 2
    return True
