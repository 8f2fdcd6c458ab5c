"""What a folder holds that can be run: web applications and scripts. Nothing is imported."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator

from pm.record import dataclass

_MAKERS = {
    "FastAPI": "FastAPI", "Flask": "Flask", "Starlette": "Starlette", "Quart": "Quart",
    "Litestar": "Litestar", "Bottle": "Bottle",
}  # fmt: skip
"""What makes an application, and what it is called."""
_FACTORY = re.compile(r"(create|make|get)_(app|application)\Z")
_FILES = ("main", "app", "asgi", "wsgi", "server", "api", "run", "bot", "worker")
"""Names of files that are likely to be the one, the likeliest first."""
_NEVER = ("setup.py", "conftest.py", "manage.py", "noxfile.py")
_DEPTH = 3
_BYTES = 200_000
_MOST = 500
"""Files that are looked into."""
_SETTINGS = re.compile(r"""DJANGO_SETTINGS_MODULE["'],\s*["']([\w.]+)["']""")


@dataclass(frozen=True)
class Found:
    """Something that can be run."""

    kind: str
    """"Django", "FastAPI", "Flask" ..., or "script"."""
    script: str
    """As a file of apps has it."""
    cwd: str = ""
    """Where its modules are looked for, relative to the folder."""

    @property
    def serves(self) -> bool:
        """True of an application, which takes a host and a port."""
        return self.kind != "script"


def detect(folder: str) -> list[Found]:
    """Return what a folder holds, the likeliest first."""
    found = [*_django(folder)]
    scripts: list[Found] = []
    for path, tree in _modules(folder):
        found += sorted(_applications(path, tree), key=lambda one: one.script.endswith("()"))
        if "/" not in path and (_is_script(tree) or _rank(path)[0] < len(_FILES)):
            scripts.append(Found("script", path))
    return found + scripts


def _django(folder: str) -> Iterator[Found]:
    """Yield the project of manage.py."""
    settings = _SETTINGS.search(_text(os.path.join(folder, "manage.py")))
    package = settings[1].partition(".")[0] if settings else ""
    if os.path.isfile(os.path.join(folder, package, "wsgi.py")):
        yield Found("Django", f"{package}.wsgi:application")
    elif os.path.isfile(os.path.join(folder, package, "asgi.py")):
        yield Found("Django", f"{package}.asgi:application")


def _modules(folder: str) -> list[tuple[str, ast.Module]]:
    """Return the paths and trees of Python files, the likeliest first."""
    paths = sorted(_paths(folder, ""), key=_rank)[:_MOST]
    found = []
    for path in paths:
        try:
            found.append((path, ast.parse(_text(os.path.join(folder, path)))))
        except (SyntaxError, ValueError, RecursionError):
            continue
    return found


def _paths(folder: str, below: str) -> Iterator[str]:
    here = os.path.join(folder, below)
    for entry in sorted(os.scandir(here), key=lambda entry: entry.name):
        path = os.path.join(below, entry.name)
        if entry.name.startswith(".") or entry.name in _NEVER:
            continue
        if entry.is_dir(follow_symlinks=False):
            skipped = entry.name in ("node_modules", "tests", "migrations", "site-packages")
            venv = os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))
            if not skipped and not venv and below.count("/") < _DEPTH - 1:
                yield from _paths(folder, path)
        elif entry.name.endswith(".py") and not entry.name.startswith("test_"):
            yield path


def _rank(path: str) -> tuple[int, int, str]:
    name = os.path.splitext(os.path.basename(path))[0]
    return _FILES.index(name) if name in _FILES else len(_FILES), path.count("/"), path


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(_BYTES)
    except (OSError, UnicodeDecodeError):
        return ""


def _applications(path: str, tree: ast.Module) -> Iterator[Found]:
    """Yield the applications that a module makes when it is imported, and its factories."""
    cwd, module = _module(path)
    if not module:
        return
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and (kind := _made(node.value)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            yield from (Found(kind, f"{module}:{name}", cwd) for name in names)
        elif isinstance(node, ast.FunctionDef) and _FACTORY.match(node.name):
            kinds = {_made(inner) for inner in ast.walk(node)} - {"", "application"}
            yield from (Found(kind, f"{module}:{node.name}()", cwd) for kind in sorted(kinds))


def _module(path: str) -> tuple[str, str]:
    """Return the folder to import from, and the module's name; empty if it can have none."""
    cwd, inner = ("src", path[4:]) if path.startswith("src/") else ("", path)
    parts = inner.removesuffix(".py").split("/")
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return cwd, ".".join(parts) if parts and all(map(str.isidentifier, parts)) else ""


def _made(node: ast.AST | None) -> str:
    """Return the kind of application that a call makes."""
    if not isinstance(node, ast.Call):
        return ""
    called = ast.unparse(node.func)
    name = called.rpartition(".")[2]
    if called == "web.Application":
        return "aiohttp"
    return "application" if _FACTORY.match(name) else _MAKERS.get(name, "")


def _is_script(tree: ast.Module) -> bool:
    """True for a file with `if __name__ == "__main__":`."""
    tests = (node.test for node in tree.body if isinstance(node, ast.If))
    return any("__name__" in ast.dump(test) and "__main__" in ast.dump(test) for test in tests)
