"""Messages from this process: to the master, and through it to all workers of the app.

Each call is a question on the worker's link with a reply socket of its own: nothing to lock, from
any thread or forked child, and it has returned when the master has taken the message.
"""

from __future__ import annotations

import json
import os

from .. import here, parcel
from ..link import take
from .mailerrors import MailboxFull, MessageTooLarge, RequestFailed

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any


def encode(message: Any) -> bytes:
    """Return a message as JSON.

    Raises TypeError if it cannot be, MessageTooLarge if it is over 1 MiB.
    """
    try:
        body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise TypeError(f"the message is not JSON: {error}") from None
    if len(body) > parcel.LIMIT:
        raise MessageTooLarge(f"a message of {len(body)} bytes: at most {parcel.LIMIT} are sent")
    return body


def send(message: Any) -> bool:
    """Send a message to the master: it becomes an event `message` of the app.

    Returns True when the master has it, False if there is no master. Raises TypeError for what
    is not JSON, MessageTooLarge over 1 MiB, MailboxFull if nobody takes the messages.
    """
    return _post("send", message)


def broadcast(message: Any) -> bool:
    """Send a message to all workers of the app that listen, this one too.

    Returns and raises as `send`; once it has returned, each worker gets the message for as long
    as it lives, and the messages of one sender in their order.
    """
    return _post("broadcast", message)


def send_to(app: str, message: Any) -> bool:
    """Send a message to the workers of another app of the same daemon that listen.

    Returns True when they have it, False if there is no master. Raises RequestFailed with the
    reason if none of them has it: no such app, nobody who listens, no daemon. Else as `send`.
    """
    return _post("send-to", message, app=app)


def _post(verb: str, message: Any, **more: Any) -> bool:
    body = encode(message)
    if here.link is None:
        return False
    try:
        sock = here.link.question({"do": verb, "pid": os.getpid(), **more}, [], body)
    except OSError:  # the master has gone
        return False
    try:
        head, _, _ = take(sock)
    except BrokenPipeError:
        return False
    finally:
        sock.close()
    if "full" in head:
        raise MailboxFull(str(head["full"]))
    if "failed" in head:
        raise RequestFailed(str(head["failed"]))
    return not head.get("errno")
