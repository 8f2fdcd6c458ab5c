"""The commands as they are typed; what they do stands in `cli.commands`, imported when run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pm.errors import UsageError

from . import typed_apply as typed_apply
from . import typed_deploy as typed_deploy
from . import typed_files as typed_files
from . import typed_start as typed_start
from .options import (
    DAEMON,
    LIVES,
    LOGS,
    LOOK,
    Argument,
    Environment,
    Json,
    MaybeSelectors,
    One,
    Only,
    Option,
    Selectors,
    UpdateEnv,
    command,
    names_of,
    option,
)
from .values import seconds, whole

if TYPE_CHECKING:
    from .logview import Form


@command(LIVES, "stop")
def stop(
    selectors: Selectors,
    only: Only = "",
    env: Environment = "",
    watch: Annotated[
        bool, option("--watch", text="Watch no longer, when it is started again.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Stop apps or single workers, and keep them in the list."""
    from .commands import lives
    from .ecosystem.file import Choice

    return lives.stop(selectors, Choice(names_of(only), env), as_json, watch)


@command(LIVES, "restart", "startOrRestart")
def restart(
    selectors: Selectors,
    update_env: UpdateEnv = False,
    only: Only = "",
    env: Environment = "",
    watch: Annotated[bool, option("--watch", text="Turn watching on, or off if it is on.")] = False,
    as_json: Json = False,
) -> int:
    """Stop, then start; apps of a file with what it says now; a job runs now."""
    from .commands import lives
    from .ecosystem.file import Choice

    return lives.restart(selectors, update_env, Choice(names_of(only), env), as_json, watch)


@command(LIVES, "reload", "startOrReload", "startOrGracefulReload")
def reload(
    selectors: Selectors,
    update_env: UpdateEnv = False,
    only: Only = "",
    env: Environment = "",
    as_json: Json = False,
) -> int:
    """Replace the workers one by one, without a gap; the old stay if the new do not get ready."""
    from .commands import lives
    from .ecosystem.file import Choice

    return lives.reload(selectors, update_env, Choice(names_of(only), env), as_json)


@command(LIVES, "delete", "del")
def delete(
    selectors: Selectors, only: Only = "", env: Environment = "", as_json: Json = False
) -> int:
    """Stop apps and take them off the list."""
    from .commands import lives
    from .ecosystem.file import Choice

    return lives.delete(selectors, Choice(names_of(only), env), as_json)


@command(LIVES, "scale", numbers=True)
def scale(
    selector: One,
    count: Annotated[str, Argument("4, +2, -1 or max.", "COUNT")],
    as_json: Json = False,
) -> int:
    """Change the number of workers."""
    from .commands import lives

    return lives.scale(selector, count, as_json)


@command(LIVES, "send-signal", "sendSignal")
def send_signal(
    signal: Annotated[str, Argument("SIGUSR1, USR1 or 10.", "SIGNAL")],
    selectors: Selectors,
    as_json: Json = False,
) -> int:
    """Send a signal to workers."""
    from .commands import lives

    return lives.send_signal(signal, selectors, as_json)


@command(LIVES, "send")
def send(
    selector: Annotated[str, Argument("Name, id, NAME:SLOT, namespace, /regex/ or `all`.", "APP")],
    message: Annotated[str, Argument("JSON, or - to read it from standard input.", "JSON")],
    as_json: Json = False,
) -> int:
    """Send a message to the workers that listen (pm.on_message)."""
    from .commands import talk

    return talk.send(selector, message, as_json)


@command(LIVES, "trigger")
def trigger(
    selector: Annotated[str, Argument("Name, id, NAME:SLOT, namespace, /regex/ or `all`.", "APP")],
    action: Annotated[str, Argument("The action's name.", "NAME")],
    message: Annotated[str, Argument("JSON for it, or - for standard input.", "JSON")] = "null",
    timeout: Annotated[
        float, Option(("--timeout",), "How long each worker has to answer.", None, "TIME", seconds)
    ] = 10.0,
    as_json: Json = False,
) -> int:
    """Call an action (pm.action) in each worker, and show the answers."""
    from .commands import talk

    return talk.trigger(selector, action, message, timeout, as_json)


@command(LIVES, "reset")
def reset(selectors: Selectors, as_json: Json = False) -> int:
    """Set the restart counters to zero."""
    from .commands import lives

    return lives.reset(selectors, as_json)


@command(LOOK, "list", "ls", "l", "ps", "status")
def list_apps(selectors: MaybeSelectors = None, as_json: Json = False) -> int:
    """Show the workers of all apps."""
    from .commands import look

    return look.list_apps(selectors or (), as_json)


@command(LOOK, "describe", "desc", "info", "show")
def describe(
    selectors: Selectors,
    as_json: Json = False,
    show_env: Annotated[
        bool, option("--show-env", text="Show the environment, secrets masked.")
    ] = False,
) -> int:
    """Show all that is known of an app: workers, listeners, options, events with their reasons."""
    from .commands import look

    return look.describe(selectors, as_json, show_env)


@command(LOOK, "env")
def env(selector: One, as_json: Json = False) -> int:
    """Print an app's environment, secrets included."""
    from .commands import look

    return look.env(selector, as_json)


@command(LOOK, "pid")
def pid(selectors: MaybeSelectors = None, as_json: Json = False) -> int:
    """Print the workers' process ids, one a line."""
    from .commands import look

    return look.pids(selectors or (), as_json)


@command(LOOK, "id")
def ids(selectors: MaybeSelectors = None, as_json: Json = False) -> int:
    """Print the workers' ids, one a line."""
    from .commands import look

    return look.ids(selectors or (), as_json)


@command(LOOK, "jlist")
def jlist() -> int:
    """Print the list as PM2's JSON, values that look secret masked (`pm env` shows them)."""
    from .commands import look

    return look.jlist()


@command(LOGS, "logs", "log")
def logs(
    selectors: MaybeSelectors = None,
    lines: Annotated[int, Option(("--lines",), "Old lines to begin with.", None, "N", whole)] = 15,
    nostream: Annotated[bool, option("--nostream", text="Do not follow.")] = False,
    only_error: Annotated[bool, option("--err", text="Standard error only.")] = False,
    only_out: Annotated[bool, option("--out", text="Standard output only.")] = False,
    raw: Annotated[bool, option("--raw", text="The lines as they are.")] = False,
    as_json: Annotated[bool, option("--json", text="One JSON object a line.")] = False,
) -> int:
    """Show the last lines of the logs and follow them (`pm logs pm`: the daemon's own)."""
    from .commands import logs as body

    if only_error and only_out:
        raise UsageError("--err and --out exclude each other", "give neither for both streams")
    streams = {"error"} if only_error else {"out"} if only_out else {"out", "error"}
    form: Form = "json" if as_json else "raw" if raw else "prefix"
    return body.logs(selectors or (), lines, frozenset(streams), form, not nostream)


@command(LOGS, "flush")
def flush(selectors: MaybeSelectors = None, as_json: Json = False) -> int:
    """Empty the log files."""
    from .commands import lives

    return lives.flush(selectors or (), as_json)


@command(DAEMON, "ping")
def ping(as_json: Json = False) -> int:
    """Ask who answers: pid, version and protocol of the daemon."""
    from .commands import look

    return look.ping(as_json)


@command(DAEMON, "save", "dump")
def save(
    force: Annotated[bool, option("--force", "-f", text="Save an empty list too.")] = False,
    as_json: Json = False,
) -> int:
    """Write the list of apps down, for `resurrect`."""
    from .commands import admin

    return admin.save(force, as_json)


@command(DAEMON, "resurrect")
def resurrect(as_json: Json = False) -> int:
    """Start the saved apps that are not in the list."""
    from .commands import admin

    return admin.resurrect(as_json)


@command(DAEMON, "kill")
def kill() -> int:
    """Stop all apps, then the daemon."""
    from .commands import admin

    return admin.kill()


@command(DAEMON, "version")
def version() -> int:
    """Print the version of pm."""
    from .commands import look

    return look.version()
