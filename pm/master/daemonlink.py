"""The master's side of its control socket: commands in, `Done`, `Status`, `Happened` out.

More than one daemon may be connected while one replaces another; each gets everything. With
none connected the master goes on alone.
"""

from __future__ import annotations

import os
import select
import socket
import struct
from collections.abc import Callable

from ..codec import from_plain, to_plain
from ..control import Command, Done, Forward, Forwarded, Happened, Keep, Status
from ..errors import ConfigError, ErrorBody, PmError
from ..model import Event
from ..wire import Broken, Channel
from .loop import Loop

Answer = Callable[[PmError | None, str], None]
"""Called once, when a command has finished: an error or none, and what was done."""


class DaemonLink:
    """Everyone connected to the control socket."""

    def __init__(
        self, loop: Loop, control: socket.socket, nonce: str,
        handle: Callable[[Command, Answer], None], greet: Callable[[], Status],
        kept: Callable[[], tuple[tuple[str, ...], tuple[int, ...]]],
    ) -> None:  # fmt: skip
        self._loop = loop
        self._control = control
        self._nonce = nonce
        self._handle = handle
        self._greet = greet
        self._kept = kept
        self._channels: list[Channel] = []
        self.on_forwarded: Callable[[Forwarded], None] = lambda _: None
        """Takes what has become of a message to another app."""
        self.on_cut: Callable[[], None] = lambda: None
        """Called when a daemon has gone."""
        control.setblocking(False)
        loop.watch(control.fileno(), select.EPOLLIN, self._on_connection)

    def _on_connection(self, _: int) -> None:
        try:
            sock, _address = self._control.accept()
        except OSError:
            return
        raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        if struct.unpack("3i", raw)[1] != os.geteuid():
            sock.close()
            return
        channel = Channel(sock)
        self._channels.append(channel)
        self._loop.watch(channel.fileno(), select.EPOLLIN, lambda _: self._serve(channel))
        self._send(channel, "keep", Keep(self._kept()[0]), self._kept()[1])
        self._send(channel, "status", self._greet())

    def _serve(self, channel: Channel) -> None:
        try:
            channel.flush()
            messages = channel.receive()
            for kind, body, fds in messages:
                for fd in fds:
                    os.close(fd)
                if kind == "command":
                    self._command(channel, from_plain(Command, body))
                elif kind == "forwarded":
                    self.on_forwarded(from_plain(Forwarded, body))
        except (Broken, ConfigError):
            channel.closed = True
        self._settle(channel)

    def _command(self, channel: Channel, command: Command) -> None:
        def answer(error: PmError | None, text: str) -> None:
            body = None
            if error is not None:
                body = ErrorBody(error.code, error.message, error.hint, error.lines)
            self._send(channel, "done", Done(command.id, body, text))

        if command.op == "hello" and command.nonce != self._nonce:
            channel.closed = True
            return
        if command.op == "hello":
            self._send(channel, "status", self._greet())
        elif command.op == "listeners":
            self._send(channel, "keep", Keep(self._kept()[0]), self._kept()[1])
        self._handle(command, answer)

    def _send(self, channel: Channel, kind: str, body: object, fds: tuple[int, ...] = ()) -> None:
        if not channel.closed:
            try:
                channel.send(kind, to_plain(body), fds)
            except (OSError, ValueError):  # out of fds: this daemon has to come again
                channel.closed = True
            self._settle(channel)

    def _settle(self, channel: Channel) -> None:
        """Watch for what the channel waits for, or let it go."""
        if channel not in self._channels:
            return
        if channel.closed:
            self._channels.remove(channel)
            self._loop.forget(channel.fileno())
            channel.close()
            return self.on_cut()
        events = select.EPOLLIN | (select.EPOLLOUT if channel.wants_write else 0)
        self._loop.watch(channel.fileno(), events, lambda _: self._serve(channel))

    def status(self, status: Status) -> None:
        """Send everyone the state as it is."""
        for channel in list(self._channels):
            self._send(channel, "status", status)

    def happened(self, event: Event, request: int = 0) -> None:
        """Send everyone an event."""
        for channel in list(self._channels):
            self._send(channel, "happened", Happened(event, request))

    def forward(self, forward: Forward) -> bool:
        """Have the newest daemon deliver a message to another app; False if there is none."""
        if not self._channels:
            return False
        self._send(self._channels[-1], "forward", forward)
        return True

    def keep(self) -> None:
        """Send everyone dups of all listeners."""
        keys, fds = self._kept()
        for channel in list(self._channels):
            self._send(channel, "keep", Keep(keys), fds)

    def flush(self) -> None:
        """Send what waits, before the master ends."""
        for channel in self._channels:
            if not channel.closed:
                channel.sock.setblocking(True)
                channel.sock.settimeout(1.0)
                channel.flush()
