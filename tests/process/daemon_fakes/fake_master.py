"""A master without workers of its own making: it speaks `pm.control`, its workers only sleep.

The app's environment says how it behaves: FAKE=fail (never ready), hang (`want` never ends), die
(exits at once), mute (does not answer `stop`), unwritten (as if it had not come to write its run
file yet), heir (unwritten, but for the first one), over (its workers end by themselves as it is
told to stop); FAKE_PORT makes it listen, FAKE_KEYS says under how many keys its listener is kept.
A reload is refused if its environment has REFUSE.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "..")))

from pm.api import ErrorBody
from pm.codec import from_plain, loads, to_plain
from pm.control import Bootstrap, Command, Done, Happened, Keep, Status
from pm.home import file_name
from pm.model import Event, ListenerView, State, WorkerView
from pm.wire import Channel


def start_time(pid: int) -> int:
    with open(f"/proc/{pid}/stat", "rb") as file:
        text = file.read()
    return int(text[text.rindex(b")") + 2 :].split()[19])


class FakeMaster:
    def __init__(self, boot: Bootstrap, control: socket.socket, kept: list[int]) -> None:
        self.spec = boot.spec
        self.boot = boot
        self.way = boot.spec.env.get("FAKE", "")
        self.generation = boot.generation
        self.workers: dict[int, tuple[subprocess.Popen[bytes], WorkerView]] = {}
        self.listener = socket.socket(fileno=kept[0]) if kept else None
        self.control = control
        self.channels: list[Channel] = []
        self.failed: list[WorkerView] = []
        self.selector = selectors.DefaultSelector()
        self.selector.register(control, selectors.EVENT_READ)

    def run(self) -> None:
        if self.way not in ("fail", "hang"):
            self.want(self.boot.slots)
        self.write_run_file()
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.control:
                    self.accept()
                elif isinstance(key.fileobj, Channel):
                    self.read(key.fileobj)

    def accept(self) -> None:
        sock, _ = self.control.accept()
        channel = Channel(sock)
        self.channels.append(channel)
        self.selector.register(channel, selectors.EVENT_READ)
        self.tell_status(channel, None)
        self.keep()

    def read(self, channel: Channel) -> None:
        for _, body, _ in channel.receive():
            self.obey(channel, from_plain(Command, body))
        if channel.closed:
            self.selector.unregister(channel)
            self.channels.remove(channel)
            channel.close()

    def obey(self, channel: Channel, command: Command) -> None:
        error, text = None, ""
        if command.nonce != self.boot.nonce:
            error = ErrorBody("failed", "wrong nonce")
        elif command.op == "hello":
            self.tell_status(channel, self.spec)
            self.keep()
        elif command.op == "want":
            if self.way == "hang":
                self.happened("note", "hanging", command.id)
                return
            if self.way == "fail":
                error = ErrorBody("not-ready", "the app did not start", "mend it", ("boom",))
                self.want((), failed=command.slots or ())
            else:
                self.want(command.slots or ())
                text = "" if self.listener else f"{len(self.workers)} sleepers"
                self.happened("online", "ready", command.id)
        elif command.spec is not None and "REFUSE" in command.spec.env:
            error = ErrorBody("failed", f"{command.op} refused: as asked")
        elif command.op in ("restart", "reload"):
            self.spec = command.spec or self.spec
            slots = tuple(self.workers) if command.slots is None else command.slots
            rest = tuple(slot for slot in self.workers if slot not in slots)
            everything = tuple(sorted({*self.workers, *slots}))
            self.want(rest)
            self.generation += 1
            self.want(everything)
        elif command.op == "stop":
            if self.way == "mute":
                return
            self.stop(channel, command)
        channel.send("done", to_plain(Done(command.id, error, text)))

    def stop(self, channel: Channel, command: Command) -> None:
        if self.way == "over":
            views = [view for _, view in self.workers.values()]
            self.failed = [replace(v, state=State.STOPPED, pid=0, exit_code=0) for v in views]
        self.want(())
        if self.listener is not None:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
        os.unlink(self.run_path)
        channel.send("done", to_plain(Done(command.id)))
        os._exit(0)

    def want(self, slots: tuple[int, ...], failed: tuple[int, ...] | None = None) -> None:
        for slot in [s for s in self.workers if s not in slots]:
            process, _ = self.workers.pop(slot)
            if process.returncode is None:
                process.kill()
                process.wait()
        for slot in slots:
            if slot not in self.workers:
                self.workers[slot] = self.start(slot)
        if slots and "FAKE_PORT" in self.spec.env and self.listener is None:
            self.listener = socket.create_server(("127.0.0.1", int(self.spec.env["FAKE_PORT"])))
        if failed is not None:
            view = WorkerView(0, state=State.ERRORED, reason="boom", restarts=16)
            self.failed = [replace(view, slot=slot) for slot in failed]
        self.write_run_file()
        for channel in self.channels:
            self.tell_status(channel, None)
        self.keep()

    def start(self, slot: int) -> tuple[subprocess.Popen[bytes], WorkerView]:
        process = subprocess.Popen(["sleep", "1000"], start_new_session=True)
        view = WorkerView(slot, -1, State.ONLINE, process.pid, self.generation, time.time())
        return process, view

    def tell_status(self, channel: Channel, spec: Any) -> None:
        workers = tuple(view for _, view in self.workers.values())
        listeners: tuple[ListenerView, ...] = ()
        if self.listener is not None:
            listeners = (ListenerView("127.0.0.1", self.listener.getsockname()[1], "ipv4"),)
        status = Status(
            os.getpid(), self.boot.nonce, self.generation, (*workers, *self.failed), listeners
        )
        known = bool(listeners) or self.boot.known_to_listen
        channel.send("status", to_plain(replace(status, spec=spec, known_to_listen=known)))

    def keep(self) -> None:
        for channel in self.channels:
            count = int(self.spec.env.get("FAKE_KEYS", "1")) if self.listener else 0
            fds = (self.listener.fileno(),) * count if self.listener else ()
            channel.send("keep", to_plain(Keep(tuple(f"key {n}" for n in range(count)))), fds)

    def happened(self, kind: str, reason: str, request: int) -> None:
        event = Event(time.time(), self.spec.name, kind, reason)
        for channel in self.channels:
            channel.send("happened", to_plain(Happened(event, request)))

    @property
    def run_path(self) -> str:
        return os.path.join(self.boot.home, "run", f"{file_name(self.spec.name)}.json")

    def write_run_file(self) -> None:
        if self.way == "unwritten" or (self.way == "heir" and self.boot.listener_keys):
            return
        pid = os.getpid()
        workers = [
            {"pid": process.pid, "start": start_time(process.pid)}
            for process, _ in self.workers.values()
        ]
        data = {
            "app": self.spec.name, "nonce": self.boot.nonce, "pid": pid,
            "start": start_time(pid), "generation": self.generation, "workers": workers,
        }  # fmt: skip
        with open(f"{self.run_path}.new", "w") as file:
            json.dump(data, file)
        os.replace(f"{self.run_path}.new", self.run_path)


def main() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    boot = loads(Bootstrap, sys.stdin.readline())
    if boot.spec.env.get("FAKE") == "die":
        sys.exit(3)
    control = socket.socket(fileno=int(sys.argv[2]))
    FakeMaster(boot, control, [int(fd) for fd in sys.argv[3:]]).run()


if __name__ == "__main__":
    main()
