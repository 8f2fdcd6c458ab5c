"""Which steps a command takes on a host, and what each says to its shell. Pure."""

from __future__ import annotations

import calendar
import posixpath
import re
import shlex
import time
from collections.abc import Iterable
from shlex import quote

from cli.text import shorten
from pm.errors import ConfigError, Failed, UsageError
from pm.record import dataclass

from . import shell
from .facts import INSPECT, STAMP, Facts
from .model import Deployment, Release

_REF = "refs/remotes/origin/", "remotes/origin/", "origin/", "refs/heads/", "refs/tags/"
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_TITLE = 60
"""Columns of a hook's text that are shown."""
_REFUSED = ConfigError.exit_code
_CONNECTION = "SSH_AUTH_SOCK SSH_CLIENT SSH_CONNECTION SSH_TTY XDG_SESSION_ID"
"""Variables that are no app's business."""


@dataclass(frozen=True)
class Step:
    """One thing done on a host."""

    title: str
    script: str
    quiet: bool = False
    """Its output is of interest only if it fails."""
    shown: bool = True
    """False for what takes no time."""


def look(deployment: Deployment) -> Step:
    """Return the step that tells the facts."""
    return Step("looking", shell.step(shell.exports(deployment.env) + INSPECT), True, False)


def lock(by: str) -> Step:
    """Return the step after which nobody else deploys there while the session lasts."""
    script = f'[ ! -d "$base" ] || lock {quote(by)}'
    return Step("locking", shell.here(script), True, False)


def setup(deployment: Deployment, by: str) -> list[Step]:
    """Return the steps that make the folders and the mirror; they may be taken again."""
    hooks, env = deployment.hooks, deployment.env
    return [
        *_hook("pre-setup", hooks.pre_setup, shell.hook(hooks.pre_setup, '"$HOME"', env)),
        Step("making folders", shell.step('mkdir -p "$base/releases" "$base/shared"'), True, False),
        lock(by),
        fetch(deployment, deployment.ref),
        *_hook("post-setup", hooks.post_setup, shell.hook(hooks.post_setup, '"$base"', env)),
    ]


def fetch(deployment: Deployment, ref: str) -> Step:
    """Return the step that brings the mirror up to date and tells the commit that `ref` is."""
    names = " ".join(map(quote, _candidates(ref)))
    script = f"""
export GIT_TERMINAL_PROMPT=0 GIT_DIR="$base/repo"
{shell.exports(deployment.env)}
command -v git >/dev/null || fail "there is no git on this host"
[ -d "$GIT_DIR" ] || git init --quiet --bare "$GIT_DIR"
git config remote.origin.url {quote(deployment.repo)}
git fetch --quiet --prune --force origin '+refs/heads/*:refs/heads/*' '+refs/tags/*:refs/tags/*'
for name in {names}; do
  if commit=$(git rev-parse --verify --quiet "$name^{{commit}}"); then
    tell commit "$commit"
    exit 0
  fi
done
fail "the repository has no branch, tag or commit" {quote(ref)}"""
    return Step(f"fetching {ref}", shell.step(script), quiet=True)


def prepare(deployment: Deployment, release: Release) -> list[Step]:
    """Return the steps that make the new release, up to and with its pre-deploy hook."""
    folder = f'"$base/releases/{release.name}"'
    text = deployment.hooks.pre_deploy
    return [
        Step("exporting the commit", shell.step(_export(deployment, release, folder)), quiet=True),
        *_hook("pre-deploy", text, shell.hook(text, folder, deployment.env, folder)),
    ]


def activate(deployment: Deployment, release: Release, former: str) -> Step:
    """Return the step that makes a release the current one, and goes back if it does not serve.

    It is one step, which the host takes to its end even if the connection breaks.
    """
    text = deployment.hooks.post_deploy
    folder = '"$base/current"'
    after = shell.hook(text, folder, deployment.env, folder) if text else ":"
    return Step(
        f"activating {release.name}",
        shell.step(f"""
set +e
try() {{
  flip {release.name} || {{ tell failed flip; return 1; }}
  {_apply(deployment)}
  code=$?; [ $code = {_REFUSED} ] || touched=1
  [ $code = 0 ] || {{ tell failed apply; return $code; }}
  {after}
  code=$?; [ $code = 0 ] || {{ tell failed post-deploy; return $code; }}
}}
body() {{
  try; code=$?
  if [ $code = 0 ]; then {_record(release, "live")}; else
    printf '%s\\n' {quote(_going_back(former))}
    {_back(deployment, release.name, former)} && tell back
  fi
  tell code $code
}}
body 2>&1 | relay code"""),
    )


def put_back(deployment: Deployment, release: Release, before: Facts) -> Step:
    """Return the step that takes a host back to what it ran before it took the release on."""
    script = f"set +e; touched=1\n{_back(deployment, release.name, before.current)}"
    if release.name not in before.good:
        script += f" && {_record(release, 'back')}"
    return Step(_going_back(before.current), shell.step(script))


def by_hand(deployment: Deployment, release: Release, former: str) -> str:
    """Return what somebody may type on a host that could not go back."""
    home = deployment.env.get("PM_HOME", "")
    first = f"export PM_HOME={quote(home)}; " if home else ""
    if former:
        return f"there: `{first}pm list` shows what runs"
    folder = f"{shell.place(deployment.path)}/releases/{release.name}"
    ends = f"cd {folder} && pm delete {quote('./' + deployment.file)}"
    return f"there: `{first}pm list` shows what runs, `{ends}` or `pm delete APP` ends it"


def prune(names: list[str]) -> Step:
    """Return the step that removes these releases."""
    paths = " ".join(f'"$base/releases/{name}"' for name in names)
    return Step("removing old releases", shell.step(f"rm -rf {paths}"), quiet=True)


def execute(deployment: Deployment, command: str) -> Step:
    """Return the step that runs a command of the user in the current release."""
    script = '[ -d "$base/current" ] || fail "nothing is deployed here yet"\n'
    script += shell.hook(command, '"$base/current"', deployment.env)
    return Step(command, shell.step(script))


def release_of(
    deployment: Deployment, commit: str, now: float, by: str, taken: Iterable[str] = ()
) -> Release:
    """Return the release made of a commit at a time (seconds since 1970).

    Its name comes after those that are taken, whatever the clocks of those who deploy.
    """
    newest = max((name.partition("-")[0] for name in taken), default="")
    stamp = _stamp(now)
    if stamp <= newest:
        parsed = calendar.timegm(time.strptime(newest, STAMP))
        stamp = _stamp(parsed + 1)
    return Release(f"{stamp}-{commit[:7]}", commit, deployment.ref, by)


def _stamp(moment: float) -> str:
    return time.strftime(STAMP, time.gmtime(moment))


def commit_of(told: Iterable[str]) -> str:
    """Return the commit that `fetch` has told; raises Failed."""
    found = [line.removeprefix("commit ") for line in told if line.startswith("commit ")]
    if not found or not _COMMIT.fullmatch(found[-1]):
        raise Failed("git named no commit there")
    return found[-1]


def check(facts: Facts, command: str) -> None:
    """Raise Failed if a host is not ready for a deploy; `command` sets it up."""
    if facts.blocked:
        raise Failed(
            "`current` is a folder there, not a link to a release", "move it away, or change `path`"
        )
    if not facts.setup:
        raise Failed("this host is not set up yet", f"`{command}` does it")
    if "pm" not in facts.tools:
        hint = "install it there; a PATH set in ~/.profile or in the table's `env` counts"
        if facts.unread:
            hint = f"sh cannot read {facts.unread} to the end, where PATH may be set"
        raise Failed("there is no pm in the PATH of this host", hint)


def target(facts: Facts, back: int) -> str:
    """Return the release that is `back` releases before the current one; raises Failed."""
    older = facts.older
    if back < 1:
        raise UsageError(f"revert {back}: count from 1, the release before the current one")
    if len(older) < back:
        count = f"{len(older) or 'no'} older release{'' if len(older) == 1 else 's'}"
        raise Failed(f"there {'is' if len(older) == 1 else 'are'} {count}", "`list` shows all")
    return older[-back]


def again(facts: Facts, name: str, by: str) -> Release:
    """Return a release that was live before, to be made the current one again."""
    entry = next(entry for entry in facts.entries if entry.name == name)
    return Release(name, entry.commit, entry.ref, by)


def superfluous(facts: Facts, keep: int) -> list[str]:
    """Return the releases to be removed: failed ones, and good ones beyond the newest `keep`.

    The current release and the one before it stay in any case.
    """
    kept = {*facts.good[-keep:], facts.current, facts.previous}
    return [name for name in facts.releases if name not in kept]


def _candidates(ref: str) -> list[str]:
    """Return what a ref may be in a mirror: `origin/main` is PM2's way to write `main`."""
    short = ref
    for prefix in _REF:
        short = short.removeprefix(prefix)
    return [f"refs/heads/{short}", f"refs/tags/{short}", short]


def _hook(name: str, text: str, script: str) -> list[Step]:
    title = shorten(" ".join(text.split()), _TITLE)
    return [Step(f"{name}: {title}", shell.step(script))] if text else []


def _export(deployment: Deployment, release: Release, folder: str) -> str:
    names = [posixpath.normpath(item) for item in deployment.shared]
    kinds = ["folder" if item.endswith("/") else "any" for item in deployment.shared]
    shares = [f"share {quote(n)} {k}" for n, k in zip(names, kinds, strict=True)]
    lines = [
        f"release={folder}",
        'mkdir "$release"',
        'export GIT_DIR="$base/repo" GIT_WORK_TREE="$release" GIT_INDEX_FILE="$base/.index"',
        'rm -f "$GIT_INDEX_FILE"',
        f"git checkout --quiet --force {release.commit} -- .",
        'rm -f "$GIT_INDEX_FILE"',
        *shares,
        f'[ -f "$release"/{quote(deployment.file)} ] || '
        f"fail {quote(f'the commit has no {deployment.file}: commit it, and push')}",
    ]
    return "\n".join(lines)


def _apply(deployment: Deployment) -> str:
    """Return what makes pm on the host run what the current release says.

    The apps get the environment of this deploy, less what belongs to its connection only.
    """
    flags = ("--reload", "--prune", "--update-env", "--quiet")
    words = ["pm", "apply", f"./{deployment.file}", *flags]
    words += ["--env", deployment.environment] if deployment.environment else []
    env = f"unset {_CONNECTION} && {shell.exports(deployment.env)}"
    return f'(cd "$base/current" && {env} && {shlex.join(words)})'


def _back(deployment: Deployment, release: str, former: str) -> str:
    if former:
        return f"flip {former} && {_apply(deployment)}"
    # a file that was refused has started nothing: an app of its names is another's
    delete = f'[ -n "${{touched:-}}" ] && pm delete {quote("./" + deployment.file)}'
    forget = f"{delete} || [ \"$(pm jlist)\" = '[]' ]"
    away = f'(cd "$base/releases/{release}" && {shell.exports(deployment.env)} && {{ {forget}; }})'
    return f'{away}; away=$?; rm -f "$base/current" && [ $away = 0 ]'


def _record(release: Release, event: str) -> str:
    words = (release.name, event, release.commit, release.ref, release.by)
    return f"record {' '.join(map(quote, words))}"


def _going_back(former: str) -> str:
    return f"going back to {former}" if former else "taking it away again: nothing was there before"
