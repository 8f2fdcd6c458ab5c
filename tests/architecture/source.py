"""The project's source as data: modules, what they import, and how big their parts are."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pm", "daemon", "cli")


@dataclass(frozen=True)
class Module:
    """One file."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The package that relative imports in this module start from."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


@dataclass(frozen=True)
class Import:
    """One imported module; `eager` if it is imported as soon as the importer is."""

    name: str
    line: int
    relative: bool
    eager: bool


@functools.cache
def modules() -> dict[str, Module]:
    """Return every module of the project by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            text = path.read_text()
            found[name] = Module(name, path, text, ast.parse(text))
    return found


def imports(module: Module) -> Iterator[Import]:
    """Yield what `module` imports, TYPE_CHECKING blocks left out."""
    for node, eager in _walk(module.tree, True):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, False, eager)
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                name = inner if inner in modules() else base
                yield Import(name, node.lineno, node.level > 0, eager)


def functions(module: Module) -> Iterator[tuple[str, int]]:
    """Yield each function's name and its length in lines, docstring left out."""
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, _length(node)


def classes(module: Module) -> Iterator[ast.ClassDef]:
    """Yield the classes of `module`."""
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef))


def _base(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def _walk(node: ast.AST, eager: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        yield child, eager
        yield from _walk(child, eager and not inside)


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body
    if ast.get_docstring(node) and len(body) > 1:
        body = body[1:]
    start = body[0].lineno
    signature = 1
    return (node.end_lineno or start) - start + 1 + signature
