"""The daemon with a fake master: requests, operations that overtake each other, adoption."""

from __future__ import annotations

import concurrent.futures
import json
import os
import re
import resource
import signal
import socket
from collections.abc import Iterator

import pytest
import zmq

from daemon.masters.process import start_time
from pm import api
from pm.errors import Failed, NotFound
from pm.model import PROTOCOL, AppView, State
from tests.ports import free_port

from .daemon_fakes.harness import PATIENCE, Daemon, processes_of, spec, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def daemon(home: str) -> Iterator[Daemon]:
    running = Daemon(home)
    yield running
    end(running)


def end(running: Daemon) -> None:
    """End a daemon and all of its apps; a daemon that was killed is replaced to do so."""
    if running.context.closed:
        running = Daemon(running.home)
    if running.process.poll() is None:
        running.ask(api.Kill())
    running.close()


def test_start_list_stop_delete(daemon: Daemon) -> None:
    assert daemon.ready == {"ok": True}
    assert daemon.do(api.Start((spec(),))) == "started, 2 sleepers"
    app = daemon.app("web")
    assert (app.state, app.wanted) == (State.ONLINE, State.ONLINE)
    assert [w.id for w in app.workers] == [0, 1]
    assert all(w.memory > 0 for w in app.workers)
    pids = daemon.pids("web")
    assert daemon.do(api.Resume(("web",))) == "already online"
    assert daemon.do(api.Stop(("web",))) == "stopped, 2 workers"
    assert not any(map(start_time, pids))
    assert daemon.app("web").state is State.STOPPED
    assert daemon.do(api.Stop(("web",))) == "already stopped"
    assert daemon.do(api.Resume(("web",))).startswith("started")
    assert daemon.do(api.Delete(("web",))) == "deleted"
    assert daemon.ask(api.List()).apps == ()


def test_files_are_private_and_ids_begin_again_with_an_empty_list(daemon: Daemon) -> None:
    daemon.do(api.Start((spec("a"),)))
    daemon.do(api.Start((spec("b"),)))
    assert [w.id for w in daemon.app("b").workers] == [2, 3]
    for name in ("state.db", "rpc.sock", "events.sock", "pm.log", "daemon.lock", "run/a.sock"):
        assert os.stat(f"{daemon.home}/{name}").st_mode & 0o777 == 0o600, name
    daemon.ask(api.Delete(("all",)))
    daemon.do(api.Start((spec("c"),)))
    assert [w.id for w in daemon.app("c").workers] == [0, 1]


def test_a_failed_start_stays_in_the_list_with_its_reason(daemon: Daemon) -> None:
    (outcome,) = daemon.ask(api.Start((spec(FAKE="fail"),))).outcomes
    assert outcome.error == api.ErrorBody(
        "not-ready", "the app did not start", "mend it", ("boom",)
    )
    app = daemon.app("web")
    assert (app.state, app.reason) == (State.ERRORED, "boom")
    assert daemon.do(api.Start((spec(),))).startswith("started"), "mended: may be started again"


def test_a_taken_name_is_refused_or_replaced(daemon: Daemon) -> None:
    daemon.do(api.Start((spec(),)))
    before = daemon.pids("web")
    assert "in the list already (online)" in daemon.do(api.Start((spec(),)))
    assert daemon.pids("web") == before
    assert daemon.do(api.Start((spec(instances=3),), force=True)).startswith("started, 3")
    assert not set(daemon.pids("web")) & set(before)


def test_a_master_that_dies_at_once_makes_the_start_fail_and_the_app_errored(
    daemon: Daemon,
) -> None:
    assert "exit code 3" in daemon.do(api.Start((spec(FAKE="die"),)))
    wait_for(lambda: daemon.app("web").state is State.ERRORED, "errored")
    assert "6 times in a row" in daemon.app("web").reason


def test_stop_overtakes_a_start_that_hangs(daemon: Daemon) -> None:
    hanging = daemon.send(api.Start((spec(FAKE="hang"),)))
    wait_for(lambda: daemon.ask(api.List()).apps, "the app is in the list")
    other = daemon.do(api.Start((spec("other"),)))
    assert other.startswith("started"), "a long request holds up nobody"
    assert daemon.do(api.Stop(("web",))) == "stopped, 2 workers"
    reply = daemon.receive(hanging)
    assert reply.body is not None
    error = reply.body["outcomes"][0]["error"]
    assert error["message"] == "`start` of `web` was superseded by `stop`"


def test_stop_by_the_only_id_overtakes_too(daemon: Daemon) -> None:
    hanging = daemon.send(api.Start((spec(instances=1, FAKE="hang"),)))
    wait_for(lambda: daemon.ask(api.List()).apps, "the app is in the list")
    assert daemon.do(api.Stop(("0",))) == "stopped, 1 worker"
    daemon.receive(hanging)


def test_one_slot_can_be_stopped_started_and_deleted(daemon: Daemon) -> None:
    daemon.do(api.Start((spec(instances=3),)))
    first, second, third = daemon.pids("web")
    daemon.do(api.Stop(("1",)))
    assert daemon.pids("web") == [first, 0, third]
    daemon.do(api.Resume(("1",)))
    assert daemon.pids("web")[1] not in (0, second)
    daemon.do(api.Delete(("1",)))
    assert [(w.slot, w.id) for w in daemon.app("web").workers] == [(0, 0), (2, 2)]
    assert daemon.do(api.Scale("web", "+1")).startswith("3 workers, 2 before")
    assert [(w.slot, w.id) for w in daemon.app("web").workers] == [(0, 0), (1, 3), (2, 2)]
    assert daemon.do(api.Scale("web", "3")) == "has 3 workers already"


def test_restart_and_reload_bring_a_new_generation_and_a_new_env(daemon: Daemon) -> None:
    daemon.do(api.Start((spec(COLOUR="red"),)))
    before = daemon.pids("web")
    assert daemon.do(api.Reload(("web",))).startswith("reloaded, 2 workers")
    assert not set(daemon.pids("web")) & set(before)
    daemon.do(api.Restart(("web",), env={"COLOUR": "blue"}))
    (detail,) = daemon.ask(api.Describe(("web",))).details
    assert detail.spec.env == {"COLOUR": "blue"}
    assert detail.app.generation == 3
    daemon.do(api.Stop(("0",)))
    assert daemon.do(api.Reload(("web",))).startswith("reloaded, 2 workers")
    assert all(daemon.pids("web"))
    daemon.do(api.Stop(("web",)))
    assert daemon.do(api.Reload(("web",))).startswith("started")


def test_a_killed_master_is_replaced_on_the_same_listener(daemon: Daemon) -> None:
    port = free_port()
    said = daemon.do(api.Start((spec(FAKE_PORT=str(port)),)))
    assert said == f"started, 2 workers on 127.0.0.1:{port}"
    old = daemon.app("web")
    os.kill(old.master_pid, signal.SIGKILL)
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE):
        pass
    new = wait_for(lambda: replaced(daemon, old.master_pid), "a new master")
    assert new.generation == old.generation + 1
    wait_for(lambda: not any(start_time(w.pid) for w in old.workers), "no doubles")
    kinds = [event.reason for event in daemon.ask(api.Describe(("web",))).details[0].events]
    assert "its master died: SIGKILL" in kinds
    daemon.do(api.Stop(("web",)))
    socket.create_server(("127.0.0.1", port)).close()


def test_250_listeners_are_kept_and_no_room_for_them_is_survived(daemon: Daemon) -> None:
    port = free_port()
    daemon.do(api.Start((spec(FAKE_PORT=str(port), FAKE_KEYS="250"),)))
    pid, folder = daemon.process.pid, f"/proc/{daemon.process.pid}/fd"
    wait_for(lambda: len(os.listdir(folder)) > 250, "descriptors of the listeners")
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (200, hard))
    assert daemon.do(api.Scale("web", "3")).startswith("3 workers")
    said = wait_for(lambda: re.search("web: the daemon has no room .*", own_log(daemon)), "a word")
    assert "for 250 more open files (limit 200): it keeps 250 of the app's 250" in said[0]
    old = daemon.app("web").master_pid
    assert start_time(old), "it is no fault of the master's"
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
    assert daemon.do(api.Scale("web", "2")).startswith("2 workers")
    os.kill(old, signal.SIGKILL)
    wait_for(lambda: replaced(daemon, old), "a new master on all of them")


def own_log(daemon: Daemon) -> str:
    with open(f"{daemon.home}/pm.log") as file:
        return file.read()


def replaced(daemon: Daemon, old_master: int) -> AppView | None:
    app = daemon.app("web")
    return app if app.master_pid not in (0, old_master) and app.listeners else None


def test_stop_gets_rid_of_a_master_that_does_not_answer(daemon: Daemon) -> None:
    daemon.do(api.Start((spec(FAKE="mute"),)))
    master = daemon.app("web").master_pid
    os.kill(master, signal.SIGSTOP)
    stopping = daemon.send(api.Stop(("web",)))
    daemon.do(api.Start((spec("other"),)))
    os.kill(master, signal.SIGKILL)
    reply = daemon.receive(stopping)
    assert reply.body is not None
    assert reply.body["outcomes"][0]["done"] == "stopped, 2 workers"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_next_daemon_finds_the_same_workers(home: str, number: signal.Signals) -> None:
    first = Daemon(home)
    port = free_port()
    first.do(api.Start((spec(FAKE_PORT=str(port)),)))
    pids, master = first.pids("web"), first.app("web").master_pid
    first.process.send_signal(number)
    first.close()
    assert all(map(start_time, pids))
    second = Daemon(home)
    assert second.pids("web") == pids
    assert second.app("web").master_pid == master
    os.kill(master, signal.SIGKILL)
    wait_for(lambda: replaced(second, master), "kept listeners after adoption too")
    end(second)


def test_a_master_that_has_not_written_its_run_file_yet_is_found_too(home: str) -> None:
    first = Daemon(home)
    first.do(api.Start((spec(FAKE="unwritten"),)))
    master = first.app("web").master_pid
    first.kill()
    second = Daemon(home)
    assert second.app("web").master_pid == master
    end(second)


def test_the_next_daemon_starts_what_is_wanted_and_gone_without_doubles(home: str) -> None:
    first = Daemon(home)
    first.do(api.Start((spec(),)))
    first.do(api.Start((spec("down"),)))
    first.do(api.Stop(("down",)))
    old, master = first.pids("web"), first.app("web").master_pid
    first.kill()
    os.kill(master, signal.SIGKILL)
    second = Daemon(home)
    wait_for(lambda: all(second.pids("web")), "workers again")
    new = second.pids("web")
    assert not any(map(start_time, old))
    assert not set(new) & set(old)
    assert second.app("down").state is State.STOPPED
    end(second)


def test_a_lost_store_is_filled_from_the_living_masters(home: str) -> None:
    first = Daemon(home)
    first.do(api.Start((spec(),)))
    pids = first.pids("web")
    first.kill()
    for name in ("state.db", "state.db-wal"):
        if os.path.exists(f"{home}/{name}"):
            os.unlink(f"{home}/{name}")
    second = Daemon(home)
    assert second.pids("web") == pids
    end(second)


def test_what_dead_masters_left_is_cleared_away(home: str) -> None:
    first = Daemon(home)
    first.do(api.Start((spec("lost"),)))
    first.do(api.Start((spec("down"),)))
    first.do(api.Stop(("down",)))
    pids, master = first.pids("lost"), first.app("lost").master_pid
    first.kill()
    os.kill(master, signal.SIGKILL)
    for name in ("state.db", "state.db-wal"):
        if os.path.exists(f"{home}/{name}"):
            os.unlink(f"{home}/{name}")
    for name in ("down.notify", "down.sock", "old.json", "old.json.new", "old.sock", "a.notify"):
        with open(f"{home}/run/{name}", "w") as file:
            file.write("{")
    second = Daemon(home)
    second.ask(api.List())
    assert os.listdir(f"{home}/run") == []
    wait_for(lambda: not any(map(start_time, pids)), "the end of the workers")
    end(second)


def test_kill_leaves_nothing_in_the_run_folder(home: str) -> None:
    daemon = Daemon(home)
    daemon.ask(api.Start((spec("a"), spec("b"), spec("dead"))))
    daemon.do(api.Stop(("b",)))
    os.kill(daemon.app("dead").master_pid, signal.SIGKILL)
    for name in ("a.notify", "a.json.new", "b.notify"):
        with open(f"{home}/run/{name}", "w"):
            pass
    daemon.ask(api.Kill())
    assert os.listdir(f"{home}/run") == []
    daemon.close()


def test_of_many_daemons_at_once_one_serves_and_the_others_say_so(home: str) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        all_of_them = list(pool.map(lambda _: Daemon(home), range(8)))
    serving = [d for d in all_of_them if d.ready == {"ok": True}]
    assert len(serving) == 1
    for other in all_of_them:
        assert other.ask(api.Ping()).pid == serving[0].process.pid
        if other is not serving[0]:
            assert other.ready == {"ok": True, "other": True}
            other.close()
    end(serving[0])


def test_a_home_with_a_long_name_and_spaces(home: str) -> None:
    long = f"{home}/{'a long name ' * 8}/{'b' * 100}"
    os.makedirs(long, 0o700)
    running = Daemon(long)
    running.do(api.Start((spec(),)))
    assert running.app("web").state is State.ONLINE
    end(running)


def test_kill_at_any_moment_forgets_nothing_and_doubles_nothing(home: str) -> None:
    first = Daemon(home)
    first.do(api.Start((spec(),)))
    first.kill()
    for count in (5, 1, 4, 2):
        running = Daemon(home)
        running.ask(api.List())
        running.send(api.Scale("web", str(count))).close()
        running.kill()
    running = Daemon(home)
    running.do(api.Scale("web", "3"))
    running.kill()
    last = Daemon(home)
    wait_for(lambda: len(pids := last.pids("web")) == 3 and all(pids), "three workers")
    sleepers = [pid for pid in processes_of(home) if b"sleep" in command(pid)]
    assert sorted(sleepers) == sorted(last.pids("web"))
    end(last)


def command(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:  # it has just ended
        return b""


def test_a_request_under_way_is_answered_when_the_daemon_is_ended(home: str) -> None:
    first = Daemon(home)
    hanging = first.send(api.Start((spec(FAKE="hang"),)))
    wait_for(lambda: first.ask(api.List()).apps, "the app is in the list")
    first.process.terminate()
    reply = first.receive(hanging)
    assert reply.body is not None
    assert "the daemon ended" in reply.body["outcomes"][0]["error"]["message"]
    first.close()
    end(Daemon(home))


def test_a_second_daemon_leaves_the_first_alone(daemon: Daemon) -> None:
    others = [Daemon(daemon.home) for _ in range(3)]
    for other in others:
        assert other.ready == {"ok": True, "other": True}
        other.close()
        assert other.process.returncode == 0
    assert daemon.ask(api.Ping()).pid == daemon.process.pid


def test_a_spoilt_store_is_an_error_that_names_it(home: str) -> None:
    with open(f"{home}/state.db", "wb") as file:
        file.write(b"not a database, and longer than a header of one" * 100)
    broken = Daemon(home)
    assert "state.db" in broken.ready["error"]["message"]
    broken.close()
    assert broken.process.returncode == 1


def test_another_protocol_is_refused_except_for_ping(daemon: Daemon) -> None:
    reply = daemon.receive(daemon.send_raw(b'{"protocol":99,"id":"7","name":"list","new":1}'))
    assert reply.id == "7"
    assert reply.error is not None
    assert reply.error.code == "no-daemon"
    assert f"speaks protocol {PROTOCOL}" in reply.error.message
    reply = daemon.receive(daemon.send_raw(b'{"protocol":99,"id":"8","name":"ping"}'))
    assert reply.body is not None
    assert reply.body["protocol"] == PROTOCOL


def _asked(request: str) -> bytes:
    return f'{{"protocol":{PROTOCOL},"id":"1","name":{request}}}'.encode()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\xff", "not a JSON object"),
        (b"[]", "not a JSON object"),
        (_asked('"lisst"'), "no request is named `lisst`"),
        (_asked('"list","body":{"x":1}'), "unknown key `x`"),
        (_asked('"stop","body":{"selectors":3}'), "is not"),
    ],
)
def test_what_is_no_request_gets_an_answer_too(daemon: Daemon, raw: bytes, said: str) -> None:
    reply = daemon.receive(daemon.send_raw(raw))
    assert reply.error is not None
    assert said in reply.error.message


def test_unknown_names_ids_and_signals_are_refused(daemon: Daemon) -> None:
    daemon.do(api.Start((spec(),)))
    with pytest.raises(NotFound) as caught:
        daemon.ask(api.Stop(("wbe",)))
    assert caught.value.hint == "did you mean `web`?"
    with pytest.raises(NotFound):
        daemon.ask(api.Stop(("17",)))
    with pytest.raises(Exception, match="is no signal"):
        daemon.ask(api.SendSignal(("web",), "SIGNOPE"))
    assert daemon.do(api.SendSignal(("web",), "usr1")) == "SIGUSR1 sent to 2 workers"


def test_save_and_resurrect(daemon: Daemon) -> None:
    with pytest.raises(Failed, match="empty"):
        daemon.ask(api.Save())
    daemon.ask(api.Start((spec("a"), spec("b"))))
    daemon.do(api.Stop(("b",)))
    saved = daemon.ask(api.Save())
    assert saved.apps == 2
    assert os.stat(saved.path).st_mode & 0o777 == 0o600
    daemon.ask(api.Delete(("all",)))
    report = daemon.ask(api.Resurrect())
    assert [outcome.app for outcome in report.outcomes] == ["a", "b"]
    assert daemon.app("a").state is State.ONLINE
    assert daemon.app("b").state is State.STOPPED
    assert not any(outcome.changed for outcome in daemon.ask(api.Resurrect()).outcomes)


def test_kill_stops_all_and_resurrect_finds_them(home: str) -> None:
    first = Daemon(home)
    first.ask(api.Start((spec("a"), spec("b"))))
    pids = first.pids("a") + first.pids("b")
    assert len(first.ask(api.Kill()).outcomes) == 2
    first.close()
    assert first.process.returncode == 0
    assert not any(map(start_time, pids))
    assert not os.path.exists(f"{home}/rpc.sock")
    second = Daemon(home)
    assert second.ask(api.List()).apps == ()
    second.ask(api.Resurrect())
    assert second.app("a").state is State.ONLINE
    end(second)


def test_events_and_progress_are_published(daemon: Daemon) -> None:
    sub = daemon.context.socket(zmq.SUB)
    sub.rcvtimeo = int(PATIENCE * 1000)
    sub.subscribe("")
    sub.connect(f"ipc://{daemon.home}/events.sock")
    seen: dict[str, dict[str, object]] = {}

    def subscribed() -> bool:
        daemon.ask(api.Start((spec("probe"),), force=True))
        return bool(sub.poll(50))

    wait_for(subscribed, "the subscription")
    request = daemon.send(api.Start((spec(),)), "r1")
    while "progress.r1" not in seen:
        topic, body = sub.recv_multipart()
        seen[topic.decode()] = json.loads(body)
    daemon.receive(request)
    sub.close(0)
    assert seen["progress.r1"]["reason"] == "ready"
    assert "event.web" in seen


def test_flush_empties_the_files_of_a_stopped_app(daemon: Daemon) -> None:
    daemon.do(api.Start((spec(),)))
    daemon.do(api.Stop(("web",)))
    path = daemon.app("web").out_file
    assert path == f"{daemon.home}/logs/web-out.log"
    index = f"{daemon.home}/logs/web-out.index"
    pieces = [f"{base}.{end}" for base in (path, index) for end in ("1", "1.gz", "12.gz")]
    for name in (path, index, f"{path}.x", f"{daemon.home}/pm.log.1.gz", *pieces):
        with open(name, "w") as file:
            file.write("old\n")
    assert daemon.do(api.Flush()) == "logs emptied"
    assert (os.path.getsize(path), os.path.getsize(index)) == (0, 0)
    left = set(os.listdir(f"{daemon.home}/logs"))
    assert left == {"web-out.log", "web-out.index", "web-out.log.x"}
    assert not os.path.exists(f"{daemon.home}/pm.log.1.gz")


def test_reset_keeps_nothing_of_earlier_masters(daemon: Daemon) -> None:
    daemon.do(api.Start((spec(FAKE="fail"),)))
    daemon.do(api.Stop(("web",)))
    assert [w.restarts for w in daemon.app("web").workers] == [16, 16]
    daemon.do(api.Reset(("web",)))
    assert daemon.do(api.Start((spec(),))).startswith("started")
    assert [w.restarts for w in daemon.app("web").workers] == [0, 0]
