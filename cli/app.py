"""The commands as they are typed, for Typer; what they do stands in `cli.commands`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar, cast

import typer
import typer.main

from pm.errors import UsageError

from . import app_start
from .logview import Form
from .options import ADMIN, LIVES, LOGS, LOOK, Json, MaybeSelectors, Selectors, UpdateEnv

F = TypeVar("F", bound=Callable[..., int])

_CLICK_ERROR = cast("type[Exception]", typer.BadParameter.__mro__[2])
"""What every refusal of a command line is; its own name and place differ between releases."""

app = typer.Typer(
    name="pm",
    help="Run Python services, or any command, as a cluster that reloads without a gap.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def run_typer(words: list[str], rest: list[str] | None) -> int:
    """Run the command; `rest` are the words after `--`. Raises UsageError."""
    if rest is not None and words[:1] != ["start"]:
        words, rest = [*words, "--", *rest], None
    command = typer.main.get_command(app)
    try:
        code = command.main(words, prog_name="pm", standalone_mode=False, obj=tuple(rest or ()))
    except typer.Abort:
        return 130
    except _CLICK_ERROR as error:
        raise _usage(error) from None
    return cast("int", code or 0)


def _usage(error: Exception) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "pm"
    said = getattr(error, "format_message", lambda: str(error))().replace("'", "`")
    text, _, guess = said.partition(" Did you mean ")
    text = text[:1].lower() + text[1:].rstrip(".")
    return UsageError(text, f"did you mean {guess}" if guess else f"`{path} --help` shows more")


def command(panel: str, *names: str) -> Callable[[F], F]:
    """Register a command under its name, and hidden under its aliases."""

    def register(function: F) -> F:
        app.command(names[0], rich_help_panel=panel)(function)
        for alias in names[1:]:
            app.command(alias, hidden=True)(function)
        return function

    return register


@app.callback(invoke_without_command=True)
def main(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", "-v", help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Print without colours.")] = False,
) -> int:
    """Run Python services, or any command, as a cluster that reloads without a gap."""
    del debug, no_color  # taken before Typer saw them: they count after a command too
    if version:
        from .commands import look

        look.version()
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())
    return 0


command(LIVES, "start")(app_start.start)


@command(LIVES, "stop")
def stop(selectors: Selectors, as_json: Json = False) -> int:
    """Stop apps or single workers, and keep them in the list."""
    from .commands import lives

    return lives.stop(selectors, as_json)


@command(LIVES, "restart")
def restart(selectors: Selectors, update_env: UpdateEnv = False, as_json: Json = False) -> int:
    """Stop, then start."""
    from .commands import lives

    return lives.restart(selectors, update_env, as_json)


@command(LIVES, "reload")
def reload(selectors: Selectors, update_env: UpdateEnv = False, as_json: Json = False) -> int:
    """Replace the workers one by one, without a gap; the old stay if the new do not get ready."""
    from .commands import lives

    return lives.reload(selectors, update_env, as_json)


@command(LIVES, "delete", "del")
def delete(selectors: Selectors, as_json: Json = False) -> int:
    """Stop apps and take them off the list."""
    from .commands import lives

    return lives.delete(selectors, as_json)


@app.command(
    "scale",
    rich_help_panel=LIVES,
    context_settings={"ignore_unknown_options": True},  # `-1` is a number, no option
)
def scale(
    selector: Annotated[str, typer.Argument(metavar="APP", help="Name or id.")],
    count: Annotated[str, typer.Argument(help="4, +2, -1 or max.")],
    as_json: Json = False,
) -> int:
    """Change the number of workers."""
    from .commands import lives

    return lives.scale(selector, count, as_json)


@command(LIVES, "send-signal", "sendSignal")
def send_signal(
    signal: Annotated[str, typer.Argument(help="SIGUSR1, USR1 or 10.")],
    selectors: Selectors,
    as_json: Json = False,
) -> int:
    """Send a signal to workers."""
    from .commands import lives

    return lives.send_signal(signal, selectors, as_json)


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
        bool, typer.Option("--show-env", help="Show the environment, secrets masked.")
    ] = False,
) -> int:
    """Show everything known of an app: workers, listeners, options, events with their reasons."""
    from .commands import look

    return look.describe(selectors, as_json, show_env)


@command(LOOK, "env")
def env(
    selector: Annotated[str, typer.Argument(metavar="APP", help="Name or id.")],
    as_json: Json = False,
) -> int:
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
    """Print the list as PM2's JSON."""
    from .commands import look

    return look.jlist()


@command(LOGS, "logs", "log")
def logs(
    selectors: MaybeSelectors = None,
    lines: Annotated[int, typer.Option("--lines", help="Old lines to begin with.", min=0)] = 15,
    nostream: Annotated[bool, typer.Option("--nostream", help="Do not follow.")] = False,
    only_error: Annotated[bool, typer.Option("--err", help="Standard error only.")] = False,
    only_out: Annotated[bool, typer.Option("--out", help="Standard output only.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="The lines as they are.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> int:
    """Show the last lines of the logs and follow them (`pm logs pm`: the daemon's own)."""
    from .commands import logs as command

    if only_error and only_out:
        raise UsageError("--err and --out exclude each other", "give neither for both streams")
    streams = frozenset({"error"} if only_error else {"out"} if only_out else {"out", "error"})
    form: Form = "json" if as_json else "raw" if raw else "prefix"
    return command.logs(selectors or (), lines, streams, form, not nostream)


@command(LOGS, "flush")
def flush(selectors: MaybeSelectors = None, as_json: Json = False) -> int:
    """Empty the log files."""
    from .commands import lives

    return lives.flush(selectors or (), as_json)


@command(ADMIN, "ping")
def ping(as_json: Json = False) -> int:
    """Ask who answers: pid, version and protocol of the daemon."""
    from .commands import look

    return look.ping(as_json)


@command(ADMIN, "save", "dump")
def save(
    force: Annotated[bool, typer.Option("--force", "-f", help="Save an empty list too.")] = False,
    as_json: Json = False,
) -> int:
    """Write the list of apps down, for `resurrect`."""
    from .commands import admin

    return admin.save(force, as_json)


@command(ADMIN, "resurrect")
def resurrect(as_json: Json = False) -> int:
    """Start the saved apps that are not in the list."""
    from .commands import admin

    return admin.resurrect(as_json)


@command(ADMIN, "kill")
def kill() -> int:
    """Stop all apps, then the daemon."""
    from .commands import admin

    return admin.kill()


@command(ADMIN, "version")
def version() -> int:
    """Print the version of pm."""
    from .commands import look

    return look.version()
