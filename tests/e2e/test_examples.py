"""The examples do what their READMEs say."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.installed import ROOT
from tests.load import Client, Failed, Load
from tests.pm_command import Pm
from tests.ports import is_open
from tests.waiting import until

EXAMPLES = ROOT / "examples"


def copy(name: str, folder: Path) -> Path:
    """Copy an example, to be changed, and return its server."""
    return Path(shutil.copytree(EXAMPLES / name, folder / name)) / "server.py"


def start(pm: Pm, server: Path, port: int) -> None:
    pm.env["PORT"] = str(port)
    pm("start", server, "-i", 2)


def test_cpu_server(pm: Pm, port: int) -> None:
    start(pm, EXAMPLES / "01-cpu-server" / "server.py", port)
    client = Client(port)
    assert len({client.get() for _ in range(4)}) == 2


def test_crashing_server(pm: Pm, port: int) -> None:
    start(pm, EXAMPLES / "02-crashing-server" / "server.py", port)

    def restarts() -> int:
        return sum(int(entry["pm2_env"]["restart_time"]) for entry in pm.workers())

    with Load(port, clients=2) as load:
        until(lambda: restarts() >= 2, "two crashes", 30)
        load.more(100)
    # A thread a connection: what a dying worker had accepted dies with it.
    assert not [text for text in load.failures if "Refused" in text or "timed out" in text]
    assert len(load.failures) <= 2 * restarts()
    assert "dies of a bug" in pm("logs", "server", "--nostream", "--lines", 100).out


def test_rolling_reload(pm: Pm, port: int, tmp_path: Path) -> None:
    server = copy("03-rolling-reload", tmp_path)
    start(pm, server, port)
    assert Client(port).get().startswith("version 1,")
    with Load(port, keepalive=True) as load:
        server.write_text(server.read_text().replace("VERSION = 1", "VERSION = 2"))
        pm("reload", "server")
    assert load.failures == []
    assert Client(port).get().startswith("version 2,")


def test_broken_deploy(pm: Pm, port: int, tmp_path: Path) -> None:
    server = copy("04-broken-deploy", tmp_path)
    start(pm, server, port)
    before = pm.pids()
    good = server.read_text()
    shutil.copy(server.with_name("broken.py"), server)
    with Load(port) as load:
        result = pm("reload", "server", code=None)
    assert result.code not in (0, 2)
    assert "KeyError: 'DATABASE_OF_THE_NEXT_VERSION'" in result.out + result.err
    assert pm.pids() == before
    server.write_text(good)
    pm("reload", "server")
    assert set(pm.pids()).isdisjoint(before)
    assert load.failures == []


def test_the_ecosystem_file(pm: Pm, port: int, tmp_path: Path) -> None:
    text = (ROOT / "ecosystem.example.toml").read_text()
    copied = tmp_path / "ecosystem.example.toml"
    copied.write_text(text.replace("examples/", f"{EXAMPLES}/").replace("8000", str(port)))
    pm("start", copied)
    client = Client(port)
    assert len({client.get(), client.get()}) == 2
    assert pm.states("example") == ["online"] * 2


def asked(pm: Pm, name: str) -> list[int]:
    """Return who has asked the database of the counter, in order, once somebody has."""
    out = pm.home / "logs" / f"{name}-out.log"
    lines = until(lambda: out.read_text().splitlines(), "the log of the database")
    return [int(line.rpartition(" ")[2]) for line in lines]


def test_a_counter_with_a_master_of_its_own(installed: Path, port: int, tmp_path: Path) -> None:
    environ = {"PATH": os.defpath, "PORT": str(port), "INTERVAL": "0.2", "HOME": str(tmp_path)}
    words = [installed / "python", EXAMPLES / "counter" / "own_master.py"]
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == f"the database was asked by {program.pid}\n"
        until(lambda: is_open(port), "it serves")

        def answers() -> list[list[str]]:
            return [Client(port).get().strip().split(" users, says ") for _ in range(8)]

        until(lambda: {users for users, _ in answers()}.isdisjoint({"-1"}), "all know it")
        until(lambda: len({pid for _, pid in answers()}) == 4, "all four")
        before = {pid for _, pid in answers()}
        os.kill(int(before.pop()), signal.SIGKILL)
        until(lambda: len({pid for _, pid in answers()} - before) == 1, "another takes its place")
        program.send_signal(signal.SIGINT)
        lines = program.stdout.read().splitlines()
    assert program.returncode == 0
    assert {int(line.rpartition(" ")[2]) for line in lines} <= {program.pid}
    assert not is_open(port)


def test_a_shared_counter(pm: Pm, port: int) -> None:
    pm.env.update(PORT=str(port), INTERVAL="60")
    pm("start", EXAMPLES / "counter" / "shared.py", "-i", 3)
    answers = [Client(port).get().split(" users, says ") for _ in range(6)]
    assert len({number for number, _ in answers}) == 1
    assert {int(pid) for _, pid in answers} == set(pm.pids())
    assert len(asked(pm, "shared")) == 1


def test_a_counter_with_a_leader(pm: Pm, port: int) -> None:
    pm.env.update(PORT=str(port), INTERVAL="0.2")
    pm("start", EXAMPLES / "counter" / "leader.py", "-i", 3)
    until(lambda: "-1" not in {Client(port).get().split()[0] for _ in range(3)}, "all know it")
    (leader,) = set(asked(pm, "leader"))
    os.kill(leader, signal.SIGKILL)
    until(lambda: asked(pm, "leader")[-1] != leader, "another one asks")


def test_shards(pm: Pm, port: int) -> None:
    start(pm, EXAMPLES / "shards" / "server.py", port)
    for name in ("/alice", "/bob", "/carol", "/dave"):
        answers = [Client(port).get(name).split(",") for _ in range(6)]
        assert [visit for visit, _ in answers] == [f"visit {n} of {name}" for n in range(1, 7)]
        assert len({slot for _, slot in answers}) == 1


def test_shop(pm: Pm, port: int) -> None:
    pm.env["PORT"] = str(port)
    pm("start", EXAMPLES / "shop" / "shop.toml")
    pictures = [f"/{number}.jpg" for number in range(6)]
    for picture in pictures:
        assert Client(port).get(picture) == f"{picture} is on its way\n"

    def made() -> list[str]:
        out = (pm.home / "logs" / "thumbnails-out.log").read_text()
        return sorted(line.rpartition(" ")[2] for line in out.splitlines())

    until(lambda: made() == pictures, "each is made once")
    pm("stop", "thumbnails")
    with pytest.raises(Failed, match="503"):
        Client(port).get("/7.jpg")
