"""What can go wrong with messages, as the app sees it."""

from __future__ import annotations

import errno


class MessageTooLarge(ValueError):
    """The message is over 1 MiB as JSON."""


class MailboxFull(BlockingIOError):
    """A receiver does not read its messages, and too many wait for it; nobody was given this one.

    Try again later, or drop the message.
    """

    def __init__(self, text: str) -> None:
        super().__init__(errno.EAGAIN, text)


class RequestFailed(RuntimeError):
    """A request got no answer, or the handler failed; the text says why."""


class NotInCluster(RequestFailed):
    """There is nobody to ask: the program does not run under a master."""
