"""`pm deploy`: from the words of the command line to hosts, and what came of it."""

from __future__ import annotations

import getpass
import os
import socket
import sys
from collections.abc import Callable, Sequence

from cli.deploy import facts, plan
from cli.deploy.activation import Outcome
from cli.deploy.config import read
from cli.deploy.facts import Facts
from cli.deploy.fleet import Fleet, Host, fleet
from cli.deploy.model import Deployment
from cli.deploy.releasing import Releasing
from cli.deploy.session import StepFailed
from cli.deploy.show import Output, shown
from cli.ecosystem.file import open_file
from cli.ecosystem.formats import default_file, is_ecosystem
from cli.report import tell_failed
from cli.screen import coloured, screen
from cli.table import draw, paint
from cli.text import clean
from pm.api import ErrorBody
from pm.codec import suggest
from pm.errors import UsageError
from pm.record import dataclass, replace

from .look import print_json

_COMMANDS = {
    "setup": 0, "deploy": 0, "update": 0, "revert": 1, "current": 0, "curr": 0, "previous": 0,
    "prev": 0, "list": 0, "exec": 99, "run": 99,
}  # fmt: skip
"""What may stand behind the name, and how many words it takes."""
_FILES = (".toml", ".json", ".yaml", ".yml", ".js", ".cjs")
_ALIASES = {"update": "deploy", "curr": "current", "prev": "previous", "run": "exec"}


@dataclass(frozen=True)
class Line:
    """The words of `pm deploy [FILE] NAME [COMMAND] [WORDS]`."""

    file: str
    name: str
    command: str
    rest: tuple[str, ...]


def deploy(words: Sequence[str], ref: str = "", as_json: bool = False) -> int:
    """Do what the words say, on all hosts of the deployment; returns the exit code."""
    line = parse(words)
    deployment = read(line.file, line.name, os.getcwd(), os.environ)
    if ref:
        deployment = replace(deployment, ref=ref)
    if line.command in ("current", "previous", "list"):
        return _told(deployment, line.command, as_json)
    if line.command == "exec":
        return _executed(deployment, " ".join(line.rest))
    back = _count(line.rest)
    acts: dict[str, Callable[[Releasing], list[Outcome]]] = {
        "setup": Releasing.setup,
        "deploy": Releasing.deploy,
        "revert": lambda releasing: releasing.revert(back),
    }
    with shown() as show, fleet(deployment, show) as hosts:
        try:
            outcomes = acts[line.command](Releasing(deployment, hosts, _who()))
        except KeyboardInterrupt:
            _tell_interrupted(hosts, line.name)
            raise
    return _print(outcomes)


def parse(words: Sequence[str]) -> Line:
    """Part the words; raises UsageError."""
    left = list(words)
    file = left.pop(0) if len(left) > 1 and is_ecosystem(left[0]) else default_file()
    if len(left) > 1 and left[0].endswith(_FILES):
        raise UsageError(f"there is no file {left[0]}")
    if not left:
        named = ", ".join(f"`{name}`" for name in open_file(file, os.getcwd()).deploy)
        raise UsageError(
            "no deployment is named",
            f"{file} has {named}" if named else f"{file} has no table [deploy.NAME]",
        )
    name, command = left[0], left[1] if len(left) > 1 else "deploy"
    rest = left[2:]
    if command not in _COMMANDS:
        hint = suggest(command, _COMMANDS) or f"there is {', '.join(_COMMANDS)}"
        raise UsageError(f"pm deploy has no command `{command}`", hint)
    if len(rest) > _COMMANDS[command]:
        raise UsageError(f"{command}: `{rest[_COMMANDS[command]]}` is a word too many")
    command = _ALIASES.get(command, command)
    if command == "exec" and not rest:
        raise UsageError("exec: there is no command", f"as in `pm deploy {name} exec 'df -h .'`")
    return Line(file, name, command, tuple(rest))


def _count(rest: Sequence[str]) -> int:
    if rest and not rest[0].isdecimal():
        raise UsageError(f"revert: {rest[0]!r} is not a whole number")
    return int(rest[0]) if rest else 1


def _who() -> str:
    return clean(f"{getpass.getuser()}@{socket.gethostname()}")


def _print(outcomes: Sequence[Outcome]) -> int:
    """Print a line for each host; return the exit code of the first that failed, else 0."""
    code = 0
    for outcome in outcomes:
        error = outcome.error
        if error is None:
            mark = paint("✓", "green", coloured(sys.stdout))
            print(f"{mark} {outcome.host}: {clean(outcome.done)}", flush=True)
        else:
            body = ErrorBody(error.code, error.message, error.hint, error.lines)
            failed = tell_failed(outcome.host, body)
            code = code or failed
    return code


def _tell_interrupted(hosts: Fleet, name: str) -> None:
    """Say what each host was at: it finishes that, and begins nothing else."""
    for host in hosts.hosts:
        at = host.session.at
        what = f"interrupted while {clean(at)}" if at else "nothing is under way"
        print(f"{host.name}: {what}", file=sys.stderr)
    print(f"hint: `pm deploy {name} current` shows what is live", file=sys.stderr)


def _told(deployment: Deployment, what: str, as_json: bool) -> int:
    """Print which releases the hosts have."""

    def look(host: Host) -> Facts:
        host.session.open()
        return facts.read(host.take(plan.look(deployment)))

    with fleet(deployment, Output(len(deployment.hosts) > 1)) as hosts:
        found, errors = hosts.ask(look)
    if as_json:
        print_json([_plain(host, facts) for host, facts in found.items()])
    elif what == "list":
        _print_list(found)
    else:
        for host, facts_ in found.items():
            name = facts_.current if what == "current" else facts_.previous
            print(
                f"{host}: {name or 'nothing'}" if len(deployment.hosts) > 1 else name or "nothing"
            )
    return _print([Outcome(host, error=error) for host, error in errors.items()])


def _plain(host: str, found: Facts) -> dict[str, object]:
    releases = [
        {"name": e.name, "commit": e.commit, "ref": e.ref, "by": e.by, "deployed": e.when}
        for e in found.entries
    ]
    return {
        "host": host, "current": found.current or None, "previous": found.previous or None,
        "releases": releases,
    }  # fmt: skip


def _print_list(found: dict[str, Facts]) -> None:
    rows = []
    for host, facts_ in found.items():
        for entry in reversed(facts_.entries):
            state = "current" if entry.name == facts_.current else ""
            state = "previous" if entry.name == facts_.previous else state
            texts = (host, entry.name, state, entry.ref, entry.commit[:10], entry.when, entry.by)
            rows.append([(clean(text), "green" if state == "current" else "") for text in texts])
    head = ("host", "release", "", "ref", "commit", "deployed", "by")
    print(draw(head, rows, screen().colour) if rows else "nothing is deployed yet")


def _executed(deployment: Deployment, command: str) -> int:
    """Run a command on all hosts; return its exit code on the first where it failed, else 0."""

    def work(host: Host) -> None:
        host.session.open()
        host.take(plan.execute(deployment, command))

    with fleet(deployment, Output(len(deployment.hosts) > 1)) as hosts:
        _, errors = hosts.ask(work)
    _print([Outcome(host, error=error) for host, error in errors.items()])
    codes = [e.status if isinstance(e, StepFailed) else e.exit_code for e in errors.values()]
    return codes[0] if codes else 0
