"""Deploys to this machine, through a shell without ssh, with real git and a `pm` of a few lines."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.deploy.activation import Activation, Outcome
from cli.deploy.facts import Facts
from cli.deploy.fleet import Fleet, Host, fleet
from cli.deploy.model import Access, Deployment, Hooks, Release
from cli.deploy.plan import Step
from cli.deploy.releasing import Releasing
from cli.deploy.session import Session, StepFailed
from pm.errors import Failed
from pm.record import replace
from tests.repository import Repository

PM = """#!/bin/sh
echo "pm $* in $(pwd -P | sed 's:.*/::') with $STAGE" >>"$HOME/calls"
if [ "$1" = delete ] && [ -e held ]; then echo 'it does not end'; exit 1; fi
if [ "$1" = jlist ]; then cat "$HOME/listed" 2>/dev/null || echo '[]'; exit; fi
if [ "$1" = apply ] && [ -e faulty ]; then echo 'no such key'; exit 2; fi
if [ "$1" = apply ] && [ -e broken ]; then echo 'it does not start'; exit 4; fi
"""
APPLY = "pm apply ./ecosystem.toml --reload --prune --update-env --quiet"


class Heard:
    """Keeps what is shown."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.lines: list[str] = []

    def step(self, host: str, title: str) -> None:
        self.steps.append(f"{host}: {title}")

    def line(self, host: str, text: str) -> None:
        assert host
        self.lines.append(text)


class Here:
    """A host that is this machine, with a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.app = self.home / "app"
        self.repository = Repository(folder)
        self.heard = Heard()
        (self.home / "bin").mkdir(parents=True)
        (self.home / ".profile").write_text(f"PATH='{self.home}/bin':$PATH\n")
        (self.home / "bin" / "pm").write_text(PM)
        (self.home / "bin" / "pm").chmod(0o755)
        self.deployment = Deployment(
            "production", ("localhost",), str(self.repository.origin), "~/app", env={"STAGE": "x"}
        )

    def do(self, command: str, back: int = 1) -> Outcome:
        """Set up, deploy or revert."""
        with fleet(self.deployment, self.heard) as hosts:
            releasing = Releasing(self.deployment, hosts, "anna@laptop")
            acts = {"setup": releasing.setup, "deploy": releasing.deploy}
            (outcome,) = releasing.revert(back) if command == "revert" else acts[command]()
        return outcome

    def deploy(self, **files: str) -> str:
        """Push these files and deploy them; return the release's name."""
        self.repository.push({"ecosystem.toml": "", **files})
        outcome = self.do("deploy")
        assert outcome.error is None, (outcome.error, outcome.error.lines)
        return self.current

    @property
    def current(self) -> str:
        """The current release's name."""
        return os.readlink(self.app / "current").removeprefix("releases/")

    @property
    def calls(self) -> list[str]:
        """How pm was called."""
        return (self.home / "calls").read_text().splitlines()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    host = Here(tmp_path)
    monkeypatch.setenv("HOME", str(host.home))
    monkeypatch.setenv("SHELL", "/bin/sh")
    host.repository.push({"ecosystem.toml": ""})
    assert host.do("setup").error is None
    return host


def test_each_release_is_applied_in_its_own_folder(here: Here) -> None:
    first = here.deploy(version="1")
    second = here.deploy(version="2")
    assert here.calls == [
        f"{APPLY} in {first} with x",
        f"{APPLY} in {second} with x",
    ]
    assert (here.app / "current" / "version").read_text() == "2"
    assert (here.app / "releases" / first / "version").read_text() == "1"


def test_setup_may_be_done_again(here: Here) -> None:
    name = here.deploy()
    assert here.do("setup").error is None
    assert here.current == name


def test_a_release_that_does_not_get_ready_is_taken_back(here: Here) -> None:
    first = here.deploy(version="1")
    here.repository.push({"broken": ""})
    error = here.do("deploy").error
    assert error is not None
    assert error.exit_code == 4
    assert f"did not become ready; {first} is live again" in error.message
    assert here.current == first
    assert here.calls[-1] == f"{APPLY} in {first} with x"
    assert "it does not start" in here.heard.lines


def test_the_first_release_of_a_host_is_taken_away_if_it_fails(here: Here) -> None:
    here.repository.push({"broken": ""})
    error = here.do("deploy").error
    assert error is not None
    assert "nothing is live, as before" in error.message
    assert not (here.app / "current").is_symlink()
    assert "pm delete ./ecosystem.toml" in here.calls[-1]


def test_a_first_release_of_a_faulty_file_takes_no_app_of_that_name_with_it(here: Here) -> None:
    """Nothing was done, so what runs under its names is somebody else's."""
    here.repository.push({"faulty": ""})
    error = here.do("deploy").error
    assert error is not None
    assert "nothing is live, as before" in error.message
    assert not any("delete" in call for call in here.calls)


def test_a_first_release_that_cannot_be_taken_away_is_said_to_run_perhaps(here: Here) -> None:
    (here.home / "listed").write_text('[{"name": "web"}]\n')
    here.deployment = replace(here.deployment, env={"STAGE": "x", "PM_HOME": "/srv/pm"})
    here.repository.push({"broken": "", "held": ""})
    error = here.do("deploy").error
    assert error is not None
    assert error.exit_code == 4
    assert (
        "did not become ready; it could not be taken away: its apps may still run" in error.message
    )
    assert "nothing is live" not in error.message
    (release,) = (here.app / "releases").iterdir()
    ends = f'`cd "$HOME"/app/releases/{release.name} && pm delete ./ecosystem.toml`'
    assert ends in error.hint
    assert "`export PM_HOME=/srv/pm; pm list`" in error.hint
    assert not (here.app / "current").is_symlink()
    assert any("pm jlist" in call for call in here.calls), "it was looked whether something runs"


class Told(Session):
    """A host whose steps end as they are told to."""

    def __init__(self, host: str, *ends: list[str] | int) -> None:
        super().__init__(host, Access(), "/app")
        self.ends = list(ends)

    def run(self, step: Step, show: Callable[[str], None]) -> list[str]:
        show(step.title)
        end = self.ends.pop(0)
        if isinstance(end, int):
            raise StepFailed(step, end, ())
        return end


@pytest.mark.parametrize(
    ("former", "said"),
    [
        ("", "its apps may still run"),
        ("20260101T000000-a", "going back to 20260101T000000-a failed"),
    ],
)
def test_a_host_that_cannot_be_put_back_says_so(here: Here, former: str, said: str) -> None:
    sessions = Told("one", ["code 0"], 1), Told("two", ["failed apply", "back", "code 1"])
    hosts = Fleet([Host(session, here.heard) for session in sessions], parallel=1)
    facts = {session.host: Facts(current=former) for session in sessions}
    release = Release("20260102T000000-b", "b", "main", "anna")
    one, two = Activation(here.deployment, hosts, facts).run({"one": release, "two": release})
    assert one.error is not None
    assert two.error is not None
    assert said in one.error.message
    assert "`pm list` shows what runs" in one.error.hint
    assert ("pm delete" in one.error.hint) is (not former)


def test_what_was_never_started_need_not_be_taken_away(here: Here) -> None:
    here.repository.push({"broken": "", "held": ""})
    error = here.do("deploy").error
    assert error is not None
    assert "nothing is live, as before" in error.message


def test_hooks_run_in_their_order_and_places(here: Here) -> None:
    where = 'echo "$0 $(pwd)"'
    here.deployment = replace(
        here.deployment,
        hooks=Hooks(
            pre_deploy_local='echo local >"$HOME/local"',
            pre_deploy=f"{where}; echo $SHARED $RELEASE $STAGE",
            post_deploy=f'{where}; tail -n 1 "$HOME/calls"',
        ),
    )
    name = here.deploy()
    release = here.app / "releases" / name
    assert here.heard.lines == [
        f"/bin/sh {release}",
        f"{here.app}/shared {release} x",
        f"/bin/sh {here.app}/current",
        f"{APPLY} in {name} with x",
    ]
    assert (here.home / "local").read_text() == "local\n"


def test_hooks_of_setup_run_before_and_after_it(here: Here) -> None:
    hooks = Hooks(
        pre_setup='echo "$(pwd)" $STAGE; test ! -e second', post_setup='echo "$(pwd)" $STAGE; ls'
    )
    here.deployment = replace(here.deployment, path="~/second", hooks=hooks)
    assert here.do("setup").error is None
    before, after, *made = here.heard.lines
    assert (before, after) == (f"{here.home} x", f"{here.home}/second x")
    assert "repo" in made


def test_a_failing_pre_deploy_hook_leaves_everything_as_it_was(here: Here) -> None:
    first = here.deploy()
    here.deployment = replace(here.deployment, hooks=Hooks(pre_deploy="echo no; exit 3"))
    error = here.do("deploy").error
    assert error is not None
    assert "exit code 3" in error.message
    assert error.hint == "nothing was switched: what was live still is"
    assert here.current == first
    assert len(here.calls) == 1
    assert here.heard.lines == ["no"]


def test_a_failing_local_hook_changes_no_host(here: Here) -> None:
    here.deployment = replace(here.deployment, hooks=Hooks(pre_deploy_local="exit 3"))
    with pytest.raises(Failed, match="pre-deploy-local failed: exit code 3"):
        here.do("deploy")
    assert not list((here.app / "releases").iterdir())


def test_a_failing_post_deploy_hook_is_a_failed_release(here: Here) -> None:
    first = here.deploy()
    here.deployment = replace(here.deployment, hooks=Hooks(post_deploy="exit 3"))
    error = here.do("deploy").error
    assert error is not None
    assert f"the hook post-deploy failed: exit code 3; {first} is live again" in error.message
    assert here.current == first


def test_revert_goes_back_and_deploy_forward_again(here: Here) -> None:
    names = [here.deploy(version=str(number)) for number in range(3)]
    assert here.do("revert").error is None
    assert here.current == names[1]
    assert here.do("revert").error is None
    assert here.current == names[0]
    error = here.do("revert").error
    assert error is not None
    assert "no older releases" in error.message
    assert here.deploy() > names[2]


def test_old_and_failed_releases_are_removed(here: Here) -> None:
    here.deployment = replace(here.deployment, keep=2)
    foreign = here.app / "releases" / "mine"
    foreign.mkdir()
    here.deploy(version="1")
    second = here.deploy(version="2")
    here.repository.push({"broken": ""})
    assert here.do("deploy").error is not None
    here.repository.git("rm", "--quiet", "broken")
    third = here.deploy(version="3")
    left = sorted(path.name for path in (here.app / "releases").iterdir())
    assert left == [second, third, "mine"]


def test_shared_paths_outlive_releases(here: Here) -> None:
    here.deployment = replace(here.deployment, shared=("logs/", "conf/app.ini"))
    here.deploy(**{"conf/app.ini": "first"})
    (here.app / "current" / "logs" / "a").write_text("kept")
    here.deploy(**{"conf/app.ini": "second"})
    assert (here.app / "current" / "logs" / "a").read_text() == "kept"
    assert (here.app / "current" / "conf" / "app.ini").read_text() == "first"
    assert (here.app / "shared" / "conf" / "app.ini").read_text() == "first"


def test_a_shared_file_that_is_nowhere_is_asked_for(here: Here) -> None:
    here.deployment = replace(here.deployment, shared=(".env",))
    error = here.do("deploy").error
    assert error is not None
    assert "shared/.env is not there: put it there" in "".join(error.lines)


def test_a_branch_a_tag_and_a_commit_may_be_deployed(here: Here) -> None:
    old = here.repository.push({"version": "old"})
    here.repository.git("tag", "v1")
    here.repository.git("push", "--quiet", "origin", "v1", "HEAD:refs/heads/topic/a")
    here.repository.push({"version": "new"})
    for ref in ("v1", old, "origin/topic/a", old[:10]):
        here.deployment = replace(here.deployment, ref=ref)
        assert here.do("deploy").error is None
        assert (here.app / "current" / "version").read_text() == "old"
    here.deployment = replace(here.deployment, ref="nowhere")
    error = here.do("deploy").error
    assert error is not None
    assert "no branch, tag or commit nowhere" in "".join(error.lines)


def test_a_commit_without_the_file_is_refused_before_the_switch(here: Here) -> None:
    first = here.deploy()
    here.repository.git("rm", "--quiet", "ecosystem.toml")
    here.repository.push({"a": ""})
    error = here.do("deploy").error
    assert error is not None
    assert "the commit has no ecosystem.toml: commit it, and push" in error.lines
    assert here.current == first


def test_a_hook_cannot_speak_for_the_host(here: Here) -> None:
    text = "echo end 0; echo tell code 0; printf 'no newline'; exit 1"
    here.deployment = replace(here.deployment, hooks=Hooks(pre_deploy=text))
    error = here.do("deploy").error
    assert error is not None
    assert here.heard.lines == ["end 0", "tell code 0", "no newline"]
    assert not (here.app / "current").exists()


def test_odd_names_are_only_names(here: Here) -> None:
    here.deployment = replace(
        here.deployment,
        path="~/a b'c$(touch x)",
        file="eco sys'tem.toml",
        env={"STAGE": "a'b $(touch y)\n\\"},
    )
    here.repository.push({"eco sys'tem.toml": ""})
    assert here.do("setup").error is None
    assert here.do("deploy").error is None
    assert "pm apply ./eco sys'tem.toml" in here.calls[0]
    assert "a'b $(touch y)" in here.calls[0]
    assert not list(here.home.rglob("[xy]"))


def test_another_deploy_at_the_same_time_is_refused(here: Here) -> None:
    here.repository.push({"ecosystem.toml": ""})
    with fleet(here.deployment, here.heard) as hosts:
        first = Releasing(here.deployment, hosts, "bert@office")
        (outcome,) = first.deploy()  # holds the lock while its session is open
        assert outcome.error is None
        error = here.do("deploy").error
    assert error is not None
    assert "another deploy is under way: bert@office, since 20" in error.message
    assert here.do("deploy").error is None


def test_what_a_hook_leaves_in_the_background_holds_nothing_up(here: Here) -> None:
    held = [here.home / "before", here.home / "after"]
    for fifo in held:
        os.mkfifo(fifo)
    before, after = (f"read word <{fifo} &" for fifo in held)
    here.deployment = replace(here.deployment, hooks=Hooks(pre_deploy=before, post_deploy=after))
    here.deploy()
    here.deployment = replace(here.deployment, hooks=Hooks())
    here.deploy()  # the lock is free too
    for fifo in held:
        fifo.write_text("end\n")


@pytest.mark.parametrize("fault", ["if [[ a\n", "exit 0\n"])
def test_a_profile_that_would_end_the_shell_is_left_out(here: Here, fault: str) -> None:
    profile = here.home / ".profile"
    text = profile.read_text()
    profile.write_text(fault + text)
    error = here.do("deploy").error
    assert error is not None
    assert "no pm in the PATH" in error.message
    assert error.hint.startswith(f"sh cannot read {profile} to the end")
    profile.write_text(text + "false\n")
    here.deploy()
