"""`pm start` as it is typed: its options, turned into a Wish."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated

from pm.errors import UsageError
from pm.model import Scheduling
from pm.record import replace

from .options import LIVES, Argument, Json, Only, Option, Rest, command, names_of, option
from .values import (
    cron_of,
    log_path,
    scheduling_of,
    seconds,
    signal_of,
    timezone_of,
    variable,
    whole,
    words,
)


def _time(flag: str, text: str, default: str) -> Option:
    text = f"{text} (seconds, or 500ms; default {default})."
    return Option((flag,), text, "Lives", "TIME", seconds)


_WHAT = (
    "Script, module:app (ASGI or WSGI), folder or zip with __main__.py, console script, command, "
    "ecosystem.toml, or an app of the list. The app's own arguments follow after `--`."
)

What = Annotated[list[str] | None, Argument(_WHAT, "WHAT")]
Module = Annotated[str, option("-m", text="Run a module.", metavar="MODULE")]
Name = Annotated[str, option("--name", "-n", text="Name of the app.")]
_COUNT = "Workers: N (default 1), max or 0 (one a CPU), -1 (one less)."
Instances = Annotated[str, option("--instances", "-i", text=_COUNT)]
_HOST = "Where a module:app listens (default 127.0.0.1)."
Host = Annotated[str, option("--host", text=_HOST)]
_PORT = "Where a module:app listens (default 8000)."
Port = Annotated[int | None, Option(("--port",), _PORT, None, "PORT", whole)]
Namespace = Annotated[str | None, option("--namespace", text="Group of apps.")]
Cwd = Annotated[str, option("--cwd", text="Working directory of the app.")]
Interpreter = Annotated[str, option("--interpreter", text="Python that runs it, or `none`.")]
PythonArgs = Annotated[str, option("--interpreter-args", text="Its options: '-O -X dev'.")]
_ENV = "A variable of the app (repeatable), or NAME: lay the file's env_NAME over its env."
Env = Annotated[list[str] | None, option("--env", text=_ENV, metavar="NAME[=VALUE]")]
_FILTER = "Leave out the caller's variables with this in their names; repeatable."
FilterEnv = Annotated[list[str] | None, option("--filter-env", text=_FILTER, metavar="TEXT")]
Fork = Annotated[bool, option("--fork", text="Plain processes instead of a cluster.")]
_PRELOAD = "Import once, before forking; repeatable."
Preload = Annotated[list[str] | None, option("--preload", text=_PRELOAD, metavar="MODULE")]
_POLICY = f"Who gets the next connection: {', '.join(Scheduling)} (default round-robin)."
_SCHEDULING = Option(("--scheduling",), _POLICY, None, "POLICY", scheduling_of)
Policy = Annotated[Scheduling | None, _SCHEDULING]
Force = Annotated[bool, option("--force", "-f", text="Replace an app of the same name.")]

WaitReady = Annotated[bool, option("--wait-ready", text="Ready is said by the app.", panel="Lives")]
ListenTimeout = Annotated[float | None, _time("--listen-timeout", "To get ready in", "30s")]
KillTimeout = Annotated[float | None, _time("--kill-timeout", "From stop signal to SIGKILL", "10s")]
_SIGNAL = Option(("--stop-signal",), "Ends a worker.", "Lives", "SIGNAL", signal_of)
StopSignal = Annotated[str | None, _SIGNAL]
_MAX = "Unstable exits in a row until errored."
MaxRestarts = Annotated[int | None, Option(("--max-restarts",), _MAX, "Lives", "N", whole)]
MinUptime = Annotated[float | None, _time("--min-uptime", "An exit before it is unstable", "1s")]
RestartDelay = Annotated[float | None, _time("--restart-delay", "To wait before a restart", "0s")]
_ONCE = "Leave it stopped when it exits."
NoAutorestart = Annotated[bool, option("--no-autorestart", text=_ONCE, panel="Lives")]
_CODES = "Exit codes after which it stays stopped: '0,3'."
ExitCodes = Annotated[str, option("--stop-exit-codes", text=_CODES, panel="Lives")]

_WATCH = "Reload when files of the app's folder change."
Watch = Annotated[bool, option("--watch", text=_WATCH, panel="Of its own accord")]
_PATH = "Watch this file or folder; repeatable."
WatchPath = Annotated[
    list[str] | None, Option(("--watch-path",), _PATH, "Of its own accord", "PATH")
]
_IGNORED = "Pattern of files whose changes mean nothing; repeatable."
IgnoreWatch = Annotated[
    list[str] | None, Option(("--ignore-watch",), _IGNORED, "Of its own accord", "PATTERN")
]
_QUIET = "Time without a change before the reload (seconds, or 500ms; default 0.2s)."
WatchDelay = Annotated[
    float | None, Option(("--watch-delay",), _QUIET, "Of its own accord", "TIME", seconds)
]
_WHEN = "Reload at these times: '0 3 * * *', seconds first if six fields, or @daily."
CronRestart = Annotated[
    str, Option(("--cron-restart", "--cron", "-c"), _WHEN, "Of its own accord", "CRON")
]
_JOB = "Start at these times, and not before."
CronJob = Annotated[str, Option(("--cron-job",), _JOB, "Of its own accord", "CRON")]
_ZONE = "Time zone of these times (default the daemon's)."
Timezone = Annotated[
    str | None, Option(("--timezone",), _ZONE, "Of its own accord", "ZONE", timezone_of)
]

Output = Annotated[str, option("--output", "-o", text="Of standard output.", panel="Log files")]
Error = Annotated[str, option("--error", "-e", text="Of standard error.", panel="Log files")]
Log = Annotated[str, option("--log", "-l", text="Of both, besides.", panel="Log files")]


@command(LIVES, "start")
def start(
    what: What = None,
    rest: Annotated[tuple[str, ...], Rest()] = (),
    module: Module = "",
    name: Name = "",
    instances: Instances = "",
    host: Host = "",
    port: Port = None,
    namespace: Namespace = None,
    cwd: Cwd = "",
    interpreter: Interpreter = "",
    interpreter_args: PythonArgs = "",
    env: Env = None,
    filter_env: FilterEnv = None,
    fork: Fork = False,
    preload: Preload = None,
    scheduling: Policy = None,
    wait_ready: WaitReady = False,
    listen_timeout: ListenTimeout = None,
    kill_timeout: KillTimeout = None,
    stop_signal: StopSignal = None,
    max_restarts: MaxRestarts = None,
    min_uptime: MinUptime = None,
    restart_delay: RestartDelay = None,
    no_autorestart: NoAutorestart = False,
    stop_exit_codes: ExitCodes = "",
    watch: Watch = False,
    watch_path: WatchPath = None,
    ignore_watch: IgnoreWatch = None,
    watch_delay: WatchDelay = None,
    cron_restart: CronRestart = "",
    cron_job: CronJob = "",
    timezone: Timezone = None,
    output: Output = "",
    error: Error = "",
    log: Log = "",
    only: Only = "",
    force: Force = False,
    as_json: Json = False,
) -> int:
    """Start apps, and come back when they are ready or with the reason why not."""
    from .commands.start import start as run
    from .ecosystem.file import Choice
    from .target import Wish

    options = _given(
        namespace=namespace, preload=tuple(preload or ()), scheduling=scheduling,
        wait_ready=wait_ready, listen_timeout=listen_timeout,
        kill_timeout=kill_timeout, stop_signal=stop_signal,
        max_restarts=max_restarts, min_uptime=min_uptime, restart_delay=restart_delay,
        stop_exit_codes=_codes(stop_exit_codes), out_file=output, error_file=error, log_file=log,
        watch=tuple(watch_path or ((".",) if watch else ())),
        ignore_watch=tuple(ignore_watch or ()), watch_delay=watch_delay,
        cron_restart=cron_of("--cron-restart", cron_restart),
        cron=cron_of("--cron-job", cron_job), timezone=timezone,
    )  # fmt: skip
    if no_autorestart:
        options["autorestart"] = False
    wish = Wish(
        "", bool(module), rest, name, cwd, interpreter, _options_of_python(interpreter_args),
        fork, instances, dict(variable(word) for word in env or () if "=" in word), options,
        host, port, tuple(filter_env or ()),
    )  # fmt: skip
    choice = Choice(names_of(only), _environment(env or ()))
    if module:  # as after `python -m`, the words that follow are the module's
        wish, what = replace(wish, args=(*(what or ()), *rest)), [module]
    return run(what or (), wish, force, choice, as_json)


def _environment(words: Sequence[str]) -> str:
    """Return the NAME of `--env NAME` among those of `--env NAME=VALUE`; raises UsageError."""
    names = [word for word in words if "=" not in word]
    if len(names) > 1:
        raise UsageError(f"--env: {' and '.join(names)}: only one env_NAME is laid over env")
    return names[0] if names else ""


def _given(**options: object) -> dict[str, object]:
    """Keep the options that were typed; log files become absolute."""
    kept = {k: v for k, v in options.items() if v is not None and v not in ("", (), False)}
    for key in ("out_file", "error_file", "log_file"):
        if key in kept:
            kept[key] = log_path(str(kept[key]), os.getcwd())
    return kept


def _options_of_python(text: str) -> tuple[str, ...]:
    try:
        return words(text)
    except UsageError as error:
        raise UsageError(f"--interpreter-args: {error.message}", "close the quote") from None


def _codes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(code) for code in text.replace(",", " ").split())
    except ValueError:
        raise UsageError(
            f"--stop-exit-codes: {text!r} are not numbers", "as in `--stop-exit-codes 0,3`"
        ) from None
