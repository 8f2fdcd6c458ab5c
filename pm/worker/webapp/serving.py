"""`module:attribute` as a program: import it, see what it is, serve it with what is installed.

Runs in the worker, in the app's own interpreter. Which server it is to be is not asked: the first
of the list that the interpreter has. One line on standard output says which.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from .. import here
from . import servers
from .appkind import kind_of, takes_nothing

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any, NoReturn

made: Any = None
"""What a factory has made; servers import it from here, for it is not to be called twice."""


def run(name: str, args: list[str]) -> None:
    """Serve `module:attribute`, or with `()` at its end what that returns.

    `--host` and `--port` of the arguments are understood here, the others are the server's.
    Exits with code 1, and says why, if it cannot be served.
    """
    global made
    host, args = _option(args, "--host", "127.0.0.1")
    port, args = _option(args, "--port", "8000")
    if not port.isdecimal() or int(port) > 65535:
        _fail(f"--port: {port!r} is no port", "a number from 0 to 65535")
    app = _attribute(*name.removesuffix("()").split(":", 1))
    importable = name
    if name.endswith("()"):
        if not callable(app):
            _fail(f"`{name[:-2]}` cannot be called: it is {_described(app)}", "leave `()` out")
        app = made = app()
        importable = f"{__name__}:made"
    kind = kind_of(app)
    if not kind:
        _refuse(name, app)
    server = servers.first(kind)
    if server is None:
        names = " or ".join(one.name for one in servers.ALL[kind])
        hint = f"{sys.executable} -m pip install {servers.ALL[kind][0].name}"
        _fail(f"`{name}` is {_a(kind)} app, and there is no server for it ({names})", hint)
    where = servers.address(host, port)
    said = f"{name} is {_a(kind)} app, served by {server.title}"
    print(f"{said} on {where}", flush=True)
    _tell_master(said)
    server.serve(app, importable, host, int(port), args)


def _tell_master(text: str) -> None:
    if here.link is not None:
        with suppress(OSError):  # no master: nobody asks
            here.link.tell({"do": "server", "text": text}, [])


def _option(args: list[str], name: str, default: str) -> tuple[str, list[str]]:
    """Return the value of an option, the last one given, and the arguments without it."""
    value, rest, words = default, [], iter(args)
    for word in words:
        if word == name:
            value = next(words, "")
        elif word.startswith(f"{name}="):
            value = word.partition("=")[2]
        else:
            rest.append(word)
    return value, rest


def _attribute(module_name: str, path: str) -> Any:
    found: Any = _module(module_name)
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            apps = _apps_in(found)
            what = f"`{module_name}` ({_place(module_name)}) has no attribute `{path}`"
            known = ", ".join(f"`{one}`" for one in apps[:3])
            _fail(what, _suggest(name, apps) or (f"it has {known}" if apps else ""))
    return found


def _apps_in(found: Any) -> list[str]:
    """Return the names of what could be served: no classes, nor functions of other modules."""
    home = getattr(found, "__name__", "")
    return [
        name
        for name, value in getattr(found, "__dict__", {}).items()
        if kind_of(value)
        and not isinstance(value, type)
        and getattr(value, "__module__", "") in (home, type(value).__module__)
    ]


def _module(name: str) -> Any:
    try:
        __import__(name)
    except ModuleNotFoundError as error:
        if not error.name or not f"{name}.".startswith(f"{error.name}."):
            raise  # something that the module itself imports
        what = f"there is no module `{error.name}` in {os.getcwd()}, nor installed"
        _fail(f"{what} in {sys.prefix}", _suggest(error.name, _neighbours(error.name)))
    return sys.modules[name]


def _neighbours(name: str) -> list[str]:
    """Return the modules where one of that name was looked for first."""
    package = name.rpartition(".")[0]
    folder = next(iter(sys.modules[package].__path__)) if package else os.getcwd()
    found = [file[:-3] for file in os.listdir(folder) if file.endswith(".py")]
    found += [sub for sub in os.listdir(folder) if os.path.isfile(f"{folder}/{sub}/__init__.py")]
    return [f"{package}.{one}" if package else one for one in found if one != "__init__"]


def _place(module: str) -> str:
    return getattr(sys.modules[module], "__file__", None) or "built in"


def _suggest(word: str, known: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean `{near[0]}`?" if near else ""


def _refuse(name: str, app: object) -> NoReturn:
    hint = "an ASGI app takes (scope, receive, send), a WSGI app (environ, start_response)"
    if takes_nothing(app) and not name.endswith("()"):
        hint = f"what returns an app is written with `()`: '{name}()'"
    _fail(f"`{name}` is neither an ASGI nor a WSGI app: it is {_described(app)}", hint)


def _described(thing: object) -> str:
    return _a("class" if isinstance(thing, type) else type(thing).__name__)


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiouAEIOU' else 'a'} {noun}"


def _fail(message: str, hint: str) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
    raise SystemExit(1)
