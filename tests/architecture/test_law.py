"""Who may import whom, and which modules may touch processes (docs/DESIGN.md, section 4)."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.architecture.source import Module, imports, modules

ALLOWED = {"pm": {"pm"}, "daemon": {"pm", "daemon"}, "cli": {"pm", "cli"}}
"""Which of our packages each may import."""

PURE = {
    "pm.errors",
    "pm.record",
    "pm.address",
    "pm.dependency",
    "pm.order",
    "pm.model",
    "pm.changes",
    "pm.codec",
    "pm.api",
    "pm.answers",
    "pm.control",
    "pm.upkeep",
    "pm.bounds",
    "pm.master.sockets.rotation",
    "pm.master.workers.life",
    "pm.master.workers.readiness",
    "pm.master.rolling.rollout",
    "pm.master.workers.restart",
    "pm.worker.sockets.conversation",
    "pm.worker.sockets.framing",
}
IMPURE = {"os", "socket", "signal", "time", "random", "threading", "subprocess", "select"}

PROCESS_EFFECTS = {
    "pm.master.process": "signal, reap: the master's one place",
    "pm.master.spawn": "starts templates and workers",
    "pm.master.forkserver": "forks masters",
    "pm.master.activate": "becomes the program that it was started for",
    "pm.master.output.logrotate": "starts the helper that compresses rotated logs",
    "pm.worker.spare": "forks workers for the template",
    "pm.worker.adapters.execs": "passes on what the app itself executes",
    "pm.worker.farewell": "ends a worker whose own master has died",
    "pm.worker.ward": "stops workers after their master's death",
}
"""The modules of pm/ that may fork, kill or wait, each with its reason."""

EFFECTS = {
    "os": {
        "fork", "forkpty", "kill", "killpg", "waitpid", "waitid", "wait", "wait4", "posix_spawn",
        "posix_spawnp", "execv", "execve", "execvp", "execvpe", "_exit",
    },
    "signal": {"pidfd_send_signal", "raise_signal"},
    "subprocess": {"Popen", "run", "call", "check_call", "check_output"},
}  # fmt: skip

ALL = sorted(modules().values(), key=lambda module: module.name)


def _id(module: Module) -> str:
    return module.name


@pytest.mark.parametrize("module", ALL, ids=_id)
def test_a_module_imports_only_what_its_package_may(module: Module) -> None:
    ours = ALLOWED[module.name.partition(".")[0]]
    for found in imports(module):
        top = found.name.partition(".")[0]
        where = f"{module.path}:{found.line} imports {found.name}"
        if top in ALLOWED:
            assert top in ours, where
        elif top == "_pm":
            assert module.name.startswith("pm"), where
        elif module.name.startswith("pm"):
            assert top in sys.stdlib_module_names, where


@pytest.mark.parametrize("module", [m for m in ALL if m.name.startswith("pm")], ids=_id)
def test_imports_inside_pm_are_relative(module: Module) -> None:
    if module.name == "pm.master.__main__":
        return  # run by path: it is the first to import
    for found in imports(module):
        if found.name.partition(".")[0] == "pm":
            assert found.relative, f"{module.path}:{found.line}: pm also loads as _pm"


@pytest.mark.parametrize("module", [m for m in ALL if m.name in PURE], ids=_id)
def test_pure_modules_know_no_clock_process_or_socket(module: Module) -> None:
    for found in imports(module):
        assert found.name.partition(".")[0] not in IMPURE, f"{module.path}:{found.line}"
        if found.name.startswith("pm."):
            assert found.name in PURE, f"{module.path}:{found.line}: {found.name} is not pure"


@pytest.mark.parametrize("module", [m for m in ALL if m.name.startswith("pm")], ids=_id)
def test_process_effects_have_their_places(module: Module) -> None:
    if module.name in PROCESS_EFFECTS:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            effect = node.attr in EFFECTS.get(node.value.id, ())
            assert not effect, f"{module.path}:{node.lineno}: {node.value.id}.{node.attr}"


def test_there_are_no_circles() -> None:
    edges = {
        m.name: {i.name for i in imports(m) if i.eager and i.name in modules()} - {m.name}
        for m in ALL
    }
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            for other in sorted(edges[name]):
                visit(other, (*path, name))
            done.add(name)

    for name in edges:
        visit(name, ())
