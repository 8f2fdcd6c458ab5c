"""Who may send to which app, and what the sender is told."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from daemon.app import App
from daemon.forwarding import deliver
from pm.control import Forward, Forwarded


class Link:
    """A master that takes all messages."""

    def __init__(self) -> None:
        self.got: list[object] = []

    async def call(self, op: str, **fields: Any) -> str:
        """Take a command."""
        assert op == "message"
        self.got.append(fields["message"])
        return "taken"


def app(user: str = "", link: Link | None = None) -> App:
    spec = SimpleNamespace(user=user)
    record, masters = SimpleNamespace(spec=spec), SimpleNamespace(link=link)
    return cast("App", SimpleNamespace(record=record, masters=masters))


def delivered(sender: App, receiver: App, name: str = "api") -> Forwarded:
    answers: list[Forwarded] = []
    work = deliver({"api": receiver}, sender, Forward(7, name, {"n": 1}), answers.append)
    asyncio.run(work)
    (answer,) = answers
    assert answer.id == 7
    return answer


@pytest.mark.parametrize(("sender", "receiver"), [("", ""), ("", "www"), ("www", "www")])
def test_apps_of_one_user_send_to_each_other_and_the_daemons_own_to_all(
    sender: str, receiver: str
) -> None:
    link = Link()
    assert delivered(app(sender), app(receiver, link)).error == ""
    assert link.got == [{"n": 1}]


@pytest.mark.parametrize("receiver", ["", "mail"])
def test_apps_of_other_users_are_out_of_reach(receiver: str) -> None:
    link = Link()
    assert "only apps of one user" in delivered(app("www"), app(receiver, link)).error
    assert link.got == []


def test_who_is_not_there_is_named() -> None:
    assert delivered(app(), app(), "web").error == "no app is named `web`"
    assert delivered(app(), app()).error == "`api` has no running worker"
