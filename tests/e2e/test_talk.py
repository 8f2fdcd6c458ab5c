"""`pm send` and `pm trigger`, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.pm_command import Pm

APP = """
import signal
import pm
got = []
pm.on_message(got.append)
@pm.action("got")
def show():
    return got
@pm.action("fail")
def fail(what):
    raise ValueError(what)
pm.send({"hello": pm.worker.slot})
pm.ready()
signal.pause()
"""


def test_send_and_trigger(pm: Pm, tmp_path: Path) -> None:
    (tmp_path / "api.py").write_text(APP)
    pm("start", "api.py", "-i", 2, "--wait-ready")
    assert pm("send", "api", '{"usersCount": 25}').out == "✓ api: taken by 2 workers\n"
    assert pm("send", "api:1", '"only you"').out == "✓ api: taken by 1 worker\n"
    (app,) = json.loads(pm("trigger", "api", "got", "--json").out)
    values = [result["value"] for result in app["results"]]
    assert values == [[{"usersCount": 25}], [{"usersCount": 25}, "only you"]]
    assert '[{"usersCount": 25}, "only you"]' in pm("trigger", "api", "got").out

    failed = pm("trigger", "all", "fail", '"so"', code=1)
    assert failed.out.count("error: ValueError: so") == 2
    unknown = pm("trigger", "api", "fall", code=1).err
    assert "no worker has an action `fall`; known: `fail`, `got`" in unknown
    assert "hint: did you mean `fail`?" in unknown

    bad = pm("send", "api", "{usersCount: 25}", code=2).err
    assert "error: the message is not JSON" in bad
    assert "hint: quote it for the shell" in bad
    pm("send", "nobody", "1", code=1)
    assert '{"hello":1}' in pm("describe", "api").out
    pm("stop", "api")
    assert "`api` has no running worker" in pm("send", "api", "1", code=1).err


SENDER = """
import signal
import pm
@pm.action("tell")
def tell(what):
    return pm.send_to(*what)
pm.ready()
signal.pause()
"""


def told(pm: Pm, app: str, message: object) -> str:
    """Have a worker send something to an app; returns what the call came to."""
    (answer,) = json.loads(
        pm("trigger", "sender", "tell", json.dumps([app, message]), "--json", code=None).out
    )
    (result,) = answer["results"]
    return str(result["error"] or result["value"])


def test_one_app_sends_to_another(pm: Pm, tmp_path: Path) -> None:
    (tmp_path / "api.py").write_text(APP)
    (tmp_path / "sender.py").write_text(SENDER)
    pm("start", "api.py", "-i", 2, "--wait-ready")
    pm("start", "sender.py", "--wait-ready")
    assert told(pm, "api", {"picture": 17}) == "True"
    (app,) = json.loads(pm("trigger", "api", "got", "--json").out)
    assert [result["value"] for result in app["results"]] == [[{"picture": 17}]] * 2
    assert "RequestFailed: no app is named `nobody`" in told(pm, "nobody", 1)
    assert "RequestFailed: no worker listens for messages" in told(pm, "sender", 1)
    pm("stop", "api")
    assert "RequestFailed: `api` has no running worker" in told(pm, "api", 1)


def test_an_app_that_does_not_listen(pm: Pm, tmp_path: Path) -> None:
    (tmp_path / "deaf.py").write_text("import signal; signal.pause()")
    pm("start", "deaf.py")
    assert "no worker listens for messages" in pm("send", "deaf", "1", code=1).err
    assert "no worker has any action" in pm("trigger", "deaf", "x", code=1).err
