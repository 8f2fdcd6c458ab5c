"""kill -9 of anything at random, under load: the app serves again and nothing is doubled."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from tests.load import Client, Failed, Load
from tests.pm_command import Pm
from tests.processes import is_alive, is_fork_server, marked
from tests.waiting import until

SERVER = Path(__file__).parents[1] / "e2e" / "apps" / "threaded.py"
WORKERS = 3
KINDS = ["worker", "worker", "template", "master", "daemon", "fork server"]


def processes(pm: Pm) -> dict[str, list[int]]:
    """Return the pids by kind of process; there may be no fork server at the moment."""
    found = {"worker": pm.pids("web"), "master": [pm.app("web")["master_pid"]]}
    found["daemon"] = [pm.daemon_pid]
    known = {pid for pids in found.values() for pid in pids}
    others = {p: c for p, c in marked(str(pm.home)).items() if p not in known}
    found["template"] = [pid for pid, command in others.items() if "bootstrap.py" in command]
    found["fork server"] = [pid for pid, command in others.items() if is_fork_server(command)]
    return found


def serves(pm: Pm, port: int, failures: list[str]) -> bool:
    """Say whether all workers are online, and exactly they answer."""
    if pm.states("web") != ["online"] * WORKERS:
        return False
    client = Client(port)
    try:
        answers = {int(client.get()) for _ in range(5 * WORKERS)}
    except Failed as error:
        failures.append(str(error))
        return False
    return answers == set(pm.pids("web"))


def is_single(pm: Pm) -> bool:
    """Say whether the living processes are one daemon, one master and what they need."""
    commands = list(marked(str(pm.home)).values())
    servers = [command for command in commands if is_fork_server(command)]
    masters = [command for command in commands if "/master/" in command]
    app = [command for command in commands if "bootstrap.py" in command]
    return len(servers) <= 1 == len(masters) - len(servers) and len(app) <= WORKERS + 1


@pytest.mark.long
@pytest.mark.parametrize("seed", [1])
def test_it_serves_again_after_each_kill(pm: Pm, port: int, seed: int) -> None:
    chance = random.Random(seed)
    pm("start", SERVER, "-i", WORKERS, "--name", "web", "--kill-timeout", 3, "--", port)
    with Load(port, clients=4) as load:
        for kind in chance.sample(KINDS, len(KINDS)):
            until(lambda: is_single(pm), "the old are gone", 60)
            victim = chance.choice(until(lambda: processes(pm)[kind], kind))  # noqa: B023
            before = len(load.failures)
            os.kill(victim, signal.SIGKILL)
            until(lambda: not is_alive(victim), f"{kind} dead")  # noqa: B023
            what = f"all serve after {kind} {victim} died"
            until(lambda: serves(pm, port, load.failures), what, 60)
            load.more(50)
            lost = load.failures[before:]
            assert not [text for text in lost if "Refused" in text], (kind, lost)
            if kind in ("daemon", "template", "fork server"):
                assert lost == [], kind
            else:
                accepted = 4 * (WORKERS if kind == "master" else 1)
                assert len(lost) <= accepted, (kind, lost)
    until(lambda: is_single(pm), "nothing is doubled", 60)
