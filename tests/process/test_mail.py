"""Messages between real workers, by way of their master."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from pm.codec import to_plain
from pm.control import Forwarded
from tests.process.engine import Engine, plain_env, spec_of
from tests.process.remote import Refused, Remote
from tests.processes import is_alive
from tests.pythons import PYTHONS
from tests.waiting import until


def test_a_broadcast_reaches_every_worker_the_sender_too(tmp_path: Path) -> None:
    with Remote(tmp_path, 3, "listen") as app:
        pids = app.pids()
        assert app.ask(1, "pm.broadcast({'users': 25})") is True
        for slot in range(3):
            assert app.got(slot, 1) == [{"users": 25}]
            assert app.got(slot, 1, "SENDERS") == [[2, 1, pids[1]]]


def test_who_a_worker_is(tmp_path: Path) -> None:
    with Remote(tmp_path, 2) as app:
        assert [app.ask(slot, "pm.worker.slot") for slot in range(2)] == [0, 1]
        assert [app.ask(slot, "pm.worker.id") for slot in range(2)] == [1, 2]
        assert app.ask(1, "(pm.worker.app, pm.worker.generation)") == ["remote", 1]
        assert app.call("restart", slots=[1]).error is None
        app.online(2)
        assert app.ask(1, "(pm.worker.id, pm.worker.generation)") == [3, 2]


def test_messages_of_one_sender_come_in_their_order_and_all(tmp_path: Path) -> None:
    with Remote(tmp_path, 2, "listen") as app:
        many = 3000
        app.ask(0, f"[pm.broadcast(n) for n in range({many})] and None")
        for slot in range(2):
            assert app.got(slot, many) == list(range(many))


def test_a_large_message_and_one_that_is_too_large(tmp_path: Path) -> None:
    with Remote(tmp_path, 2, "listen") as app:
        assert app.ask(0, "pm.broadcast('x' * 1_000_000)") is True
        app.got(1, 1)
        assert app.ask(1, "len(GOT[0])") == 1_000_000
        with pytest.raises(Refused, match=r"MessageTooLarge: a message of 1048579 bytes"):
            app.ask(0, "pm.broadcast('x' * (1 << 20) + 'y')")
        with pytest.raises(Refused, match="TypeError"):
            app.ask(0, "pm.broadcast({1, 2})")
        with pytest.raises(Refused, match="TypeError: the message is not JSON"):
            app.ask(0, "pm.send(float('nan'))")


def test_what_comes_before_anybody_listens_is_kept(tmp_path: Path) -> None:
    with Remote(tmp_path, 2) as app:
        app.ask(0, "[pm.broadcast(n) for n in range(5)] and None")
        app.ask(1, "listen()")
        app.ask(0, "pm.broadcast(5)")
        assert app.got(1, 6) == list(range(6))


def test_of_what_is_kept_the_oldest_give_way(tmp_path: Path) -> None:
    with Remote(tmp_path, 2) as app:
        app.ask(0, "[pm.broadcast([n, 'x' * 100_000]) for n in range(20)] and None")
        app.ask(1, "listen()")
        until(lambda: app.ask(1, "len(GOT) and GOT[-1][0]") == 19, "the newest has come")
        numbers = app.ask(1, "[n for n, _ in GOT]")
        assert numbers == list(range(20 - len(numbers), 20))
        assert 5 <= len(numbers) <= 10
        said = f"pm: {20 - len(numbers)} messages came too long before"
        until(lambda: said in app.error.read_text(), "the loss is said")


def test_a_message_to_the_master_is_an_event(tmp_path: Path) -> None:
    with Remote(tmp_path, 2) as app:
        assert app.ask(1, "pm.send({'a': 1})") is True
        app.wait(lambda: "message" in app.kinds(), "the event")
        (event,) = [h.event for h in app.events if h.event.kind == "message"]
        assert json.loads(event.reason) == {"a": 1}
        assert (event.slot, event.pid) == (1, app.pids()[1])


def test_an_app_that_never_stops_talking_is_refused_in_the_end(tmp_path: Path) -> None:
    with Remote(tmp_path, 1) as app:
        with pytest.raises(Refused, match=r"MailboxFull: .*the daemon takes 1 MiB"):
            # long enough that no machine is too slow for more than is allowed a second
            app.ask(0, "[pm.send('x' * 12_000) for _ in range(3000)]")
        assert app.kinds().count("message") < 1500


def test_a_receiver_that_does_not_read_stops_the_senders_only(tmp_path: Path) -> None:
    with Remote(tmp_path, 2, "listen") as app:
        stuck = app.pids()[1]
        os.kill(stuck, signal.SIGSTOP)
        try:
            with pytest.raises(Refused, match=rf"MailboxFull: .*slot 1, pid {stuck}, does not"):
                app.ask(0, "[pm.broadcast('x' * 1_000_000) for n in range(100)]")
            assert app.call("reset").error is None
        finally:
            os.kill(stuck, signal.SIGCONT)
        until(lambda: app.ask(1, "len(GOT)") == app.ask(0, "len(GOT)") > 60, "all came")


def test_a_worker_killed_while_messages_are_under_way(tmp_path: Path) -> None:
    with Remote(tmp_path, 3, "listen") as app:
        first = app.pids()[2]
        sent = app.begin(
            app.pids()[0], "[pm.broadcast([n, 'x' * 10_000]) for n in range(300)] and None"
        )
        os.kill(first, signal.SIGKILL)
        app.end(sent)
        until(lambda: app.ask(1, "len(GOT)") == 300, "the others got all")
        app.wait(lambda: app.pids()[2] not in (0, first), "a new one")
        app.online(3)
        app.ask(0, "pm.broadcast('late')")
        until(lambda: app.ask(2, "GOT[-1:]") == ["late"], "the new one listens")


def test_exactly_one_worker_leads_and_another_follows(tmp_path: Path) -> None:
    def leaders() -> list[int]:
        return [slot for slot in range(3) if app.ask(slot, "pm.is_leader")]

    with Remote(tmp_path, 3) as app:
        (first,) = leaders()
        killed = app.pids()[first]
        os.kill(killed, signal.SIGKILL)
        app.wait(lambda: app.pids()[first] not in (0, killed), "a new one")
        app.online(3)
        (second,) = leaders()
        assert second != first
        assert app.call("reload").error is None
        app.online(3)
        assert len(leaders()) == 1


CHILD = """
import os, sys, time, multiprocessing, pm
def ask(folder):
    path = f"{folder}/{os.getpid()}"
    while True:
        with open(f"{path}.new", "w") as file:
            file.write(str(pm.is_leader) + str(pm.cluster.shard_of('a', None)))
        os.rename(f"{path}.new", path)  # whoever reads finds the whole of it
        time.sleep(0.01)
if __name__ == "__main__":
    way = multiprocessing.get_context(sys.argv[2])
    for _ in range(3):
        way.Process(target=ask, args=(sys.argv[1],), daemon=True).start()
    pm.ready()
    time.sleep(60)
"""


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_of_the_leaders_children_the_first_that_asks_leads(way: str, tmp_path: Path) -> None:
    script, said = tmp_path / "parent.py", tmp_path / "said"
    script.write_text(CHILD)
    said.mkdir()

    def asking() -> list[Path]:
        return [path for path in said.iterdir() if path.suffix != ".new"]

    def leaders() -> list[int]:
        return [int(path.name) for path in asking() if path.read_text().startswith("True")]

    spec = spec_of(script, said, way, kill_timeout=1.0, wait_ready=True)
    with Engine(tmp_path / "home", spec, 2) as engine:
        engine.online(2)
        until(lambda: len(asking()) == 6, "all ask")
        (first,) = until(leaders, "one leads")
        os.kill(first, signal.SIGKILL)
        until(lambda: not is_alive(first), "it says no more")
        (said / str(first)).unlink()
        assert len(until(leaders, "another one leads")) == 1
        shards = {p.read_text().removeprefix("True").removeprefix("False") for p in asking()}
        assert len(shards) == 1


def test_a_drain_hook_runs_before_the_stop_signal(tmp_path: Path) -> None:
    with Remote(tmp_path, 1) as app:
        app.ask(0, "import signal")
        app.ask(0, "signal.signal(15, lambda *_: (print('signal', flush=True), sys.exit(0)))")
        app.ask(0, "pm.on_stop(lambda: (print('hook'), time.sleep(0.3), print('hooked')))")
        (pid,) = app.pids()
        assert app.call("want", slots=[]).error is None
        assert not is_alive(pid)
        until(lambda: "signal\n" in app.out.read_text(), "its last words are in the log")
        assert app.out.read_text().split() == ["hook", "hooked", "signal"]


def test_a_callback_that_fails_does_not_end_the_delivery(tmp_path: Path) -> None:
    with Remote(tmp_path, 1, "listen") as app:
        app.ask(0, "pm.on_message(lambda message: 1 // message)")
        app.ask(0, "[pm.broadcast(n) for n in (0, 1)] and None")
        assert app.got(0, 2) == [0, 1]
        until(lambda: "ZeroDivisionError" in app.error.read_text(), "the failure is in the log")


LOOP = """
import asyncio, threading
import pm
GOT = []
async def main():
    loop = asyncio.get_running_loop()
    @pm.on_message
    async def got(message):
        await asyncio.sleep(0)
        GOT.append([message, asyncio.get_running_loop() is loop])
    @pm.on_message
    def plain(message):
        GOT.append([message, threading.current_thread() is threading.main_thread()])
    pm.broadcast("a")
    while len(GOT) < 2:
        await asyncio.sleep(0.01)
    print(GOT, flush=True)
asyncio.run(main())
"""


def test_a_callback_registered_on_a_loop_runs_there(tmp_path: Path) -> None:
    script = tmp_path / "loop.py"
    script.write_text(LOOP)
    with Engine(tmp_path / "home", spec_of(script, autorestart=False)) as engine:
        assert engine.ended() == 0
    assert engine.out.read_text() == "[['a', True], ['a', True]]\n"


def test_a_forked_child_listens_if_it_says_so_itself(tmp_path: Path) -> None:
    child = "(os.fork() or (listen(), time.sleep(0.1), pm.broadcast(os.getpid()), os._exit(0)))"
    with Remote(tmp_path, 1, "listen") as app:
        pid = app.ask(0, child)
        assert app.got(0, 1) == [pid]
        assert app.got(0, 1, "SENDERS") == [[1, 0, pid]]
        assert app.ask(0, "os.waitpid(-1, 0)[1]") == 0


def test_a_copy_of_pm_in_the_apps_environment_gives_way(tmp_path: Path) -> None:
    copy = tmp_path / "site" / "pm"
    (copy / "worker").mkdir(parents=True)
    (copy / "__init__.py").write_text("raise ImportError('another copy')")
    (copy / "worker" / "bootstrap.py").touch()
    with Remote(tmp_path, 1, env={**plain_env(), "PYTHONPATH": str(copy.parent)}) as app:
        names = "[__import__('pm.worker.here').__name__, pm.worker.__name__]"
        assert app.ask(0, names) == ["_pm", "_pm.worker"]
        assert app.ask(0, "sys.modules['pm.worker.here'] is sys.modules['_pm.worker.here']")


def test_a_folder_named_pm_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "path" / "pm").mkdir(parents=True)
    with Remote(tmp_path, 1, env={**plain_env(), "PYTHONPATH": str(tmp_path / "path")}) as app:
        assert app.ask(0, "pm.worker.slot") == 0


@pytest.mark.parametrize("version", [next(iter(PYTHONS)), list(PYTHONS)[-1]])
def test_the_oldest_and_the_newest_python(version: str, tmp_path: Path) -> None:
    with Remote(tmp_path, 2, "listen", interpreter=PYTHONS[version]) as app:
        app.ask(1, "pm.broadcast('x' * 100_000)")
        assert len(app.got(0, 1)[0]) == 100_000
        app.ask(1, "pm.on_request(lambda message, sender: [message, sender.slot])")
        assert app.ask(0, "pm.cluster.request(1, 'a')") == ["a", 0]
        app.ask(0, "pm.cluster.shared(ttl=60)(lambda n: n + 1)(1)")
        with pytest.raises(Refused, match="RequestFailed: no worker runs in slot 9"):
            app.ask(0, "pm.cluster.request(9, 'a')")
        assert app.ask(0, "pm.cluster.shard_of('a', 2)") in (0, 1)


LATER = """
import asyncio, sys
import pm
GOT = []
@pm.on_message
async def got(message):
    GOT.append([message, asyncio.get_running_loop() is loop])
@pm.on_request
async def answer(message):
    return [message]
async def nothing():
    pass
async def main():
    global loop
    loop = asyncio.get_running_loop()
    pm.broadcast("b")
    while len(GOT) < 2:
        await asyncio.sleep(0.01)
    print(GOT, await pm.cluster.arequest(0, 1), flush=True)
pm.broadcast("a")
loop = asyncio.new_event_loop()
loop.run_until_complete(nothing())
while "early" in sys.argv and not GOT:
    loop.run_until_complete(asyncio.sleep(0.01))
loop.close()
asyncio.run(main())
"""


def test_an_async_callback_registered_at_import_waits_for_the_loop(tmp_path: Path) -> None:
    script = tmp_path / "loop.py"
    script.write_text(LATER)
    spec = spec_of(script, "early", autorestart=False)
    with Engine(tmp_path / "home", spec) as engine:
        assert engine.ended() == 0, engine.error.read_text()
    assert engine.out.read_text() == "[['a', True], ['b', True]] [1]\n"


def test_a_message_to_another_app_and_what_becomes_of_it(tmp_path: Path) -> None:
    line = "pm.send_to('other', {'n': 1})"
    with Remote(tmp_path, 1) as app:
        for failure in ("", "no app is named `other`"):
            result = app.begin(app.pids()[0], line)
            app.wait(lambda: app.forwards, "it is on its way")
            forward = app.forwards.pop()
            assert (forward.app, forward.message) == ("other", {"n": 1})
            app.channel.send("forwarded", to_plain(Forwarded(forward.id, failure)))
            if not failure:
                assert app.end(result) is True
        with pytest.raises(Refused, match="RequestFailed: no app is named `other`"):
            app.end(result)
        result = app.begin(app.pids()[0], line)
        app.wait(lambda: app.forwards, "it is on its way")
        app.channel.close()
        with pytest.raises(Refused, match="RequestFailed: the daemon ended before"):
            app.end(result)
        with pytest.raises(Refused, match="RequestFailed: the daemon does not run"):
            app.ask(0, line)
        app.master.terminate()
