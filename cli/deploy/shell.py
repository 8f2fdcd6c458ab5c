"""What is said to the shell on a host: the opening of the session, and its few verbs. Pure text.

POSIX sh, besides `flock` and `mv -T`. All that comes from outside is quoted.
"""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote

_OPENING = r"""
unread=
for profile in /etc/profile "$HOME/.profile"; do
  [ -r "$profile" ] || continue
  if [ "$( (. "$profile" >/dev/null; printf ok) )" = ok ]; then . "$profile" >/dev/null
  else unread="$unread $profile"; fi
done </dev/null 2>/dev/null
trap 'exit 1' HUP INT PIPE TERM
tell() { printf '%s %s\n' "$mark" "$*"; }
fail() { printf '%s\n' "$*"; exit 1; }
hook() { "${SHELL:-sh}" -c "$1"; }
lock() {
  command -v flock >/dev/null || { echo 'install util-linux: there is no flock'; return 1; }
  (: >>"$base/.lock") || return 1
  exec 9>>"$base/.lock"
  flock -n 9 || { tell locked "$(tail -n 1 "$base/.lock")"; return 1; }
  printf '%s, since %s, process %s there\n' "$1" "$(date -u '+%F %T UTC')" "$$" >"$base/.lock"
}
flip() {
  ln -sfn "releases/$1" "$base/.current" && mv -T "$base/.current" "$base/current"
}
record() {
  printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$(date -u +%FT%TZ)" "$@" >>"$base/deploys.log"
}
share() {
  kept=$base/shared/$1 place=$release/$1
  mkdir -p "$(dirname "$kept")" "$(dirname "$place")"
  if [ ! -e "$kept" ]; then
    if [ -e "$place" ]; then cp -a "$place" "$kept"
    elif [ "$2" = folder ]; then mkdir "$kept"
    else fail "$kept is not there: put it there, or write \`$1/\` for a folder that may be empty"
    fi
  fi
  rm -rf "$place"
  ln -s "$kept" "$place"
}
relay() {
  trap '' PIPE
  while IFS= read -r line || [ -n "$line" ]; do
    printf '%s\n' "$line"
    case $line in *"$mark $1 "*) break ;; esac
  done 2>/dev/null
}
"""
"""A profile that would end the shell is left out. `relay` goes on reading when nobody listens any
more, so that what writes to it goes on too; it ends at the word told last, because what a hook has
left in the background may hold the pipe."""


def opening(mark: str, path: str) -> str:
    """Return what begins a session: `mark` stands before each line that is for pm itself."""
    return f"mark={quote(mark)}\n{_OPENING}base={place(path)}\ntell open\n"


def step(script: str) -> str:
    """Return the script as one step: a shell of its own, its end told with its exit code.

    Descriptor 9 is the lock's: what a step leaves running in the background must not hold it.
    """
    return f"(\nset -e\n{script}\n) </dev/null 2>&1 9>&-; tell end $?\n"


def here(script: str) -> str:
    """Return the script as a step of the session's own shell: what it opens stays open."""
    return f"{{\n{script}\n}} </dev/null 2>&1; tell end $?\n"


def place(path: str) -> str:
    """Return a path for the shell; one that begins with `~/` begins at the user's home."""
    if path == "~":
        return '"$HOME"'
    return f'"$HOME"/{quote(path[2:])}' if path.startswith("~/") else quote(path)


def exports(env: Mapping[str, str]) -> str:
    """Return the line that exports the variables, or `:`."""
    if not env:
        return ":"
    return "export " + " ".join(f"{name}={quote(value)}" for name, value in env.items())


def hook(text: str, folder: str, env: Mapping[str, str], release: str = "") -> str:
    """Return what runs a hook in a folder (shell text), with the variables that it is promised."""
    known = 'export SHARED="$base/shared"' + (f" RELEASE={release}" if release else "")
    return f"(cd {folder} && {exports(env)} && {known} && hook {quote(text)})"
