"""pm: run an unchanged Python server as a cluster, and talk to it from inside the app.

In an app: `ready`, `is_leader`, `worker`, `on_message`, `send`, `send_to`, `broadcast`,
`on_request`, `action`, `on_stop`, `cluster`. Without a master all of them are harmless.
"""

from __future__ import annotations

import sys

__version__ = "0.1.0"

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from . import cluster as cluster
    from . import worker as worker
    from .worker.messages.mail import Sender as Sender
    from .worker.messages.mail import action as action
    from .worker.messages.mail import on_message as on_message
    from .worker.messages.mail import on_request as on_request
    from .worker.messages.mail import on_stop as on_stop
    from .worker.messages.mailerrors import MailboxFull as MailboxFull
    from .worker.messages.mailerrors import MessageTooLarge as MessageTooLarge
    from .worker.messages.mailerrors import NotInCluster as NotInCluster
    from .worker.messages.mailerrors import RequestFailed as RequestFailed
    from .worker.messages.post import broadcast as broadcast
    from .worker.messages.post import send as send
    from .worker.messages.post import send_to as send_to

    is_leader: bool
    """True in exactly one ready worker of the app, and without a master: read it anew each time."""

_FROM = {
    "Sender": "mail", "action": "mail", "on_message": "mail", "on_request": "mail",
    "on_stop": "mail", "broadcast": "post", "send": "post", "send_to": "post",
    "MailboxFull": "mailerrors", "MessageTooLarge": "mailerrors", "NotInCluster": "mailerrors",
    "RequestFailed": "mailerrors",
}  # fmt: skip
"""Names of the app's side, by the module of `pm.worker.messages` that has them."""


def ready() -> None:
    """Tell the master that this worker can serve (with `--wait-ready`); harmless without pm."""
    from .worker import here

    if here.link is not None:
        try:
            here.link.tell({"do": "ready"}, [])
        except OSError:  # the master is gone: nobody waits
            pass


def __getattr__(name: str) -> object:
    if name == "is_leader":
        from .worker import here

        return here.leads()
    if name in ("worker", "cluster"):
        return _module(name)
    if name in _FROM:
        return getattr(_module(f"worker.messages.{_FROM[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _module(name: str) -> object:
    full = f"{__name__}.{name}"
    __import__(full)
    return sys.modules[full]
