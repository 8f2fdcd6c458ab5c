"""The plan of a deploy: which steps, in which order, and what a host's facts lead to."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.commands.deploy import Line, parse
from cli.deploy import facts, plan
from cli.deploy.facts import Entry, Facts
from cli.deploy.model import Access, Deployment, Hooks, Release
from cli.deploy.session import command_line
from pm.errors import Failed, UsageError
from pm.record import replace

COMMIT = "0123456789abcdef0123456789abcdef01234567"
A, B, C, D = (f"2026010{day}T000000-0123456" for day in range(1, 5))
HOOKS = Hooks("pre setup", "post setup", "local", "pre deploy", "post deploy")
DEPLOYMENT = Deployment("production", ("web1",), "git@example.org:shop.git", "~/shop", hooks=HOOKS)
RELEASE = Release(D, COMMIT, "main", "anna@laptop")


def _entry(name: str) -> Entry:
    return Entry(name, "2026-01-01T00:00:00Z", COMMIT, "main", "anna@laptop")


def _facts(current: str, *good: str, failed: tuple[str, ...] = ()) -> Facts:
    return Facts(
        setup=True,
        current=current,
        releases=tuple(sorted((*good, *failed))),
        entries=tuple(map(_entry, good)),
        tools=frozenset({"pm", "git"}),
    )


def test_setup_goes_from_hook_to_hook() -> None:
    titles = [step.title for step in plan.setup(DEPLOYMENT, "anna@laptop")]
    assert titles == [
        "pre-setup: pre setup", "making folders", "locking", "fetching main",
        "post-setup: post setup",
    ]  # fmt: skip


def test_a_release_is_prepared_before_anything_is_switched() -> None:
    steps = plan.prepare(DEPLOYMENT, RELEASE)
    assert [step.title for step in steps] == ["exporting the commit", "pre-deploy: pre deploy"]
    assert not any("flip" in step.script for step in steps)


def test_a_long_hook_is_shown_in_part() -> None:
    hooks = Hooks(pre_deploy="echo one\n" * 20)
    (_, step) = plan.prepare(replace(DEPLOYMENT, hooks=hooks), RELEASE)
    assert step.title.startswith("pre-deploy: echo one echo one")
    assert step.title.endswith("…")
    assert "echo one\necho one" in step.script


def test_activation_flips_then_applies_then_runs_the_hook() -> None:
    script = plan.activate(DEPLOYMENT, RELEASE, former=C).script
    order = [script.index(f"flip {D}"), script.index("pm "), script.index("'post deploy'")]
    assert order == sorted(order)
    assert f"flip {C}" in script


def test_the_apps_get_the_variables_of_the_deployments_name() -> None:
    named = replace(DEPLOYMENT, environment="production")
    assert "--env" not in plan.activate(DEPLOYMENT, RELEASE, C).script
    assert plan.activate(named, RELEASE, C).script.count("--env production") == 2


def test_a_first_release_that_fails_is_taken_away() -> None:
    deployment = replace(DEPLOYMENT, env={"PM_HOME": "/srv/pm"})
    script = plan.put_back(deployment, RELEASE, Facts()).script
    assert "touched=1" in script
    assert "export PM_HOME=/srv/pm && {" in script
    assert "pm delete" in script
    assert 'rm -f "$base/current"' in script


def test_what_comes_from_outside_is_quoted() -> None:
    hostile = replace(DEPLOYMENT, repo="a'; rm -rf /; '", ref="$(id)", file="a b.toml")
    script = plan.fetch(hostile, hostile.ref).script + plan.activate(hostile, RELEASE, "").script
    assert """'a'"'"'; rm -rf /; '"'"''""" in script
    assert "'refs/heads/$(id)'" in script
    assert "'./a b.toml'" in script


@pytest.mark.parametrize("ref", ["main", "origin/main", "refs/heads/main"])
def test_a_branch_may_be_written_as_pm2_does(ref: str) -> None:
    assert "refs/heads/main refs/tags/main main;" in plan.fetch(DEPLOYMENT, ref).script


def test_only_a_whole_commit_is_taken_from_a_host() -> None:
    assert plan.commit_of(["x", f"commit {COMMIT}"]) == COMMIT
    for told in ([], ["commit $(id)"], ["commit 0123456"]):
        with pytest.raises(Failed):
            plan.commit_of(told)


def test_a_release_is_named_by_time_and_commit() -> None:
    release = plan.release_of(DEPLOYMENT, COMMIT, 1767225600.0, "anna@laptop")
    assert release.name == "20260101T000000-0123456"
    assert facts.is_release(release.name)
    taken = ["20260228T235959-fffffff", "20250101T000000-0000000"]
    later = plan.release_of(DEPLOYMENT, COMMIT, 1767225600.0, "anna@laptop", taken)
    assert later.name == "20260301T000000-0123456"


def test_the_newest_good_ones_stay_and_failed_ones_go() -> None:
    found = _facts(C, A, B, C, failed=(D,))
    assert plan.superfluous(found, keep=2) == [A, D]
    assert plan.superfluous(found, keep=5) == [D]


def test_current_and_previous_stay_whatever_keep_says() -> None:
    found = _facts(B, A, B, C, D)
    assert plan.superfluous(found, keep=1) == [C]


def test_revert_counts_back_from_the_current_one() -> None:
    found = _facts(C, A, B, C, D)
    assert plan.target(found, 1) == B
    assert plan.target(found, 2) == A
    with pytest.raises(Failed, match="there are 2 older releases"):
        plan.target(found, 3)
    with pytest.raises(UsageError):
        plan.target(found, 0)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Facts(), "not set up"),
        (Facts(setup=True, blocked=True), "is a folder"),
        (Facts(setup=True, tools=frozenset({"git"})), "no pm in the PATH"),
    ],
)
def test_a_host_that_is_not_prepared_is_refused(found: Facts, said: str) -> None:
    with pytest.raises(Failed, match=said):
        plan.check(found, "pm deploy production setup")


def test_facts_are_read_and_what_is_strange_is_left_out() -> None:
    told = [
        "setup", f"release {B}", f"release {A}", "release ..", "release *",
        "release 20261332T000000-0123456",
        f"current releases/{B}",
        f"log 2026-01-01T00:00:00Z\t{A}\tlive\t{COMMIT}\tmain\tanna@laptop",
        f"log 2026-01-01T00:00:00Z\t{C}\tlive\t{COMMIT}\tmain\tgone", "log nonsense", "tool pm",
        "what is this",
    ]  # fmt: skip
    found = facts.read(told)
    assert found.releases == (A, B)
    assert (found.current, found.previous, found.good) == (B, A, (A,))
    assert found.setup
    assert found.tools == {"pm"}


def test_a_release_that_was_taken_back_is_none_to_go_back_to() -> None:
    line = f"log 2026-01-01T00:00:00Z\t{A}\t%s\t{COMMIT}\tmain\tanna@laptop"
    told = [f"release {A}", line % "live", line % "back"]
    assert facts.read(told).good == ()
    assert facts.read([*told, line % "live"]).good == (A,)


def test_a_link_to_somewhere_else_is_no_current_release() -> None:
    assert facts.read([f"release {A}", "current /etc"]).current == ""


def test_ssh_gets_the_users_options_before_ours() -> None:
    words = command_line("web1", Access("www", 2222, "/k", ("ConnectTimeout=5",), True))
    assert words[:8] == ["ssh", "-T", "-A", "-p", "2222", "-i", "/k", "-o"]
    assert words.index("ConnectTimeout=5") < words.index("ConnectTimeout=30")
    assert words[-3:] == ["--", "www@web1", "exec sh -s"]


def test_localhost_needs_no_ssh_unless_something_is_said_of_it() -> None:
    assert command_line("localhost", Access())[0] == "sh"
    assert command_line("localhost", Access(user="www"))[0] == "ssh"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["production"], ("ecosystem.toml", "production", "deploy", ())),
        (["production", "update"], ("ecosystem.toml", "production", "deploy", ())),
        (["other.toml", "staging", "revert", "2"], ("other.toml", "staging", "revert", ("2",))),
        (["production", "run", "df", "-h"], ("ecosystem.toml", "production", "exec", ("df", "-h"))),
        (["production", "curr"], ("ecosystem.toml", "production", "current", ())),
    ],
)
def test_the_words_are_parted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], line: tuple[object, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ecosystem.toml", "other.toml"):
        with open(name, "w"):
            pass
    found = parse(words)
    assert (found.file, found.name, found.command, found.rest) == line
    assert isinstance(found, Line)


def test_without_a_name_the_deployments_of_the_file_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = '[[apps]]\nscript = "a"\n[deploy.production]\n[deploy.staging]\n'
    (tmp_path / "ecosystem.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        parse([])
    assert caught.value.hint == "ecosystem.toml has `production`, `staging`"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["production", "setpu"], "did you mean `setup`?"),
        (["production", "setup", "now"], ""),
        (["production", "exec"], "as in `pm deploy production exec 'df -h .'`"),
    ],
)
def test_a_wrong_line_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with open("ecosystem.toml", "w"):
        pass
    with pytest.raises(UsageError) as caught:
        parse(words)
    assert caught.value.hint == hint
