"""Messages from the workers of one app to those of another."""

from __future__ import annotations

from collections.abc import Mapping

from pm.control import Forward, Forwarded
from pm.errors import Failed, PmError

from .app import Answer, App
from .masters.link import Link


async def deliver(apps: Mapping[str, App], sender: App, forward: Forward, answer: Answer) -> None:
    """Give a message to the workers of an app that listen; tells the sender's master."""
    try:
        await _master_of(apps, sender, forward.app).call("message", message=forward.message)
    except PmError as error:
        answer(Forwarded(forward.id, error.message))
    else:
        answer(Forwarded(forward.id))


def _master_of(apps: Mapping[str, App], sender: App, name: str) -> Link:
    """Return whom to ask; raises Failed. An app that runs as another user is no one's to tell."""
    app = apps.get(name)
    if app is None:
        raise Failed(f"no app is named `{name}`")
    user = sender.record.spec.user
    if user and user != app.record.spec.user:
        raise Failed(
            f"`{name}` does not run as {user}: only apps of one user may send to each other"
        )
    if app.masters.link is None:
        raise Failed(f"`{name}` has no running worker")
    return app.masters.link
