"""`pm start` as it is typed: its options, turned into a Wish."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated

from pm.errors import UsageError
from pm.model import LogType, Scheduling
from pm.record import replace

from .options import LIVES, Argument, Json, Only, Option, Rest, command, names_of, of_key, option
from .values import (
    STAMP,
    cron_of,
    dependency,
    log_path,
    log_type_of,
    scheduling_of,
    seconds,
    signal_of,
    size_of,
    timezone_of,
    variable,
    whole,
    words,
)


def _time(key: str, panel: str = "Lives") -> Option:
    return of_key(key, panel=panel, metavar="TIME", parser=seconds)


_WHAT = (
    "Script, module:app (ASGI or WSGI), folder or zip with __main__.py, console script, command, "
    "ecosystem.toml, or an app of the list. The app's own arguments follow after `--`."
)

What = Annotated[list[str] | None, Argument(_WHAT, "WHAT")]
Module = Annotated[str, of_key("module", "-m", metavar="MODULE")]
Name = Annotated[str, of_key("name", "--name", "-n")]
Instances = Annotated[str, of_key("instances", "--instances", "-i", metavar="N")]
Host = Annotated[str, of_key("host")]
Port = Annotated[int | None, of_key("port", metavar="PORT", parser=whole)]
Namespace = Annotated[str | None, of_key("namespace")]
Cwd = Annotated[str, of_key("cwd", metavar="FOLDER")]
Interpreter = Annotated[str, of_key("interpreter")]
PythonArgs = Annotated[str, of_key("interpreter_args", metavar="TEXT")]
_ENV = "A variable of the app (repeatable), or NAME: lay the file's env_NAME over its env."
Env = Annotated[list[str] | None, option("--env", text=_ENV, metavar="NAME[=VALUE]")]
FilterEnv = Annotated[list[str] | None, of_key("filter_env", metavar="TEXT")]
Fork = Annotated[bool, option("--fork", text="Plain processes instead of a cluster.")]
Preload = Annotated[list[str] | None, of_key("preload", metavar="MODULE")]
Policy = Annotated[Scheduling | None, of_key("scheduling", metavar="POLICY", parser=scheduling_of)]
DependsOn = Annotated[list[str] | None, of_key("depends_on", metavar="APP[:CONDITION]")]
User = Annotated[str, of_key("user", "--user", "--uid")]
Group = Annotated[str, of_key("group", "--group", "--gid")]
Ports = Annotated[str, of_key("ports", metavar="N,N")]
Force = Annotated[bool, option("--force", "-f", text="Replace an app of the same name.")]

WaitReady = Annotated[bool, of_key("wait_ready", panel="Lives")]
ListenTimeout = Annotated[float | None, _time("listen_timeout")]
KillTimeout = Annotated[float | None, _time("kill_timeout")]
_SIGNAL = of_key("stop_signal", panel="Lives", metavar="SIGNAL", parser=signal_of)
StopSignal = Annotated[str | None, _SIGNAL]
_RESTARTS = of_key("max_restarts", panel="Lives", metavar="N", parser=whole)
MaxRestarts = Annotated[int | None, _RESTARTS]
MinUptime = Annotated[float | None, _time("min_uptime")]
RestartDelay = Annotated[float | None, _time("restart_delay")]
_MEMORY = of_key("max_memory_restart", panel="Lives", metavar="SIZE", parser=size_of)
MaxMemory = Annotated[int | None, _MEMORY]
_ONCE = "Leave it stopped when it exits."
NoAutorestart = Annotated[bool, option("--no-autorestart", text=_ONCE, panel="Lives")]
_REGISTERED = "Put it into the list, stopped."
NoAutostart = Annotated[bool, option("--no-autostart", text=_REGISTERED, panel="Lives")]
ByMessage = Annotated[bool, of_key("shutdown_with_message", panel="Lives")]
ExitCodes = Annotated[str, of_key("stop_exit_codes", panel="Lives", metavar="N,N")]

_ITSELF = "Of its own accord"
_WATCH = "Reload when files of the app's folder change."
Watch = Annotated[bool, option("--watch", text=_WATCH, panel=_ITSELF)]
_PATH = "Watch this file or folder; repeatable."
WatchPath = Annotated[list[str] | None, Option(("--watch-path",), _PATH, _ITSELF, "PATH")]
IgnoreWatch = Annotated[list[str] | None, of_key("ignore_watch", panel=_ITSELF, metavar="PATTERN")]
WatchDelay = Annotated[float | None, _time("watch_delay", _ITSELF)]
_CRON = of_key("cron_restart", "--cron-restart", "--cron", "-c", panel=_ITSELF, metavar="CRON")
CronRestart = Annotated[str, _CRON]
CronJob = Annotated[str, of_key("cron", "--cron-job", panel=_ITSELF, metavar="CRON")]
_ZONE = of_key("timezone", panel=_ITSELF, metavar="ZONE", parser=timezone_of)
Timezone = Annotated[str | None, _ZONE]

Output = Annotated[str, of_key("out_file", "--output", "-o", panel="Log files", metavar="FILE")]
Error = Annotated[str, of_key("error_file", "--error", "-e", panel="Log files", metavar="FILE")]
_DATES = of_key("log_date_format", panel="Log files", metavar="FORMAT")
Dates = Annotated[str, _DATES]
Time = Annotated[bool, of_key("time", panel="Log files")]
_LOG_TYPE = of_key("log_type", panel="Log files", metavar="TYPE", parser=log_type_of)
LogForm = Annotated[LogType | None, _LOG_TYPE]
Log = Annotated[str, of_key("log_file", "--log", "-l", panel="Log files", metavar="FILE")]


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
    depends_on: DependsOn = None,
    user: User = "",
    group: Group = "",
    ports: Ports = "",
    wait_ready: WaitReady = False,
    listen_timeout: ListenTimeout = None,
    kill_timeout: KillTimeout = None,
    stop_signal: StopSignal = None,
    max_restarts: MaxRestarts = None,
    min_uptime: MinUptime = None,
    restart_delay: RestartDelay = None,
    max_memory_restart: MaxMemory = None,
    no_autostart: NoAutostart = False,
    shutdown_with_message: ByMessage = False,
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
    log_date_format: Dates = "",
    log_type: LogForm = None,
    time: Time = False,
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
        depends_on=tuple(map(dependency, depends_on or ())),
        user=user, group=group, ports=_numbers("--ports", ports),
        wait_ready=wait_ready, listen_timeout=listen_timeout,
        kill_timeout=kill_timeout, stop_signal=stop_signal,
        max_restarts=max_restarts, min_uptime=min_uptime, restart_delay=restart_delay,
        max_memory_restart=max_memory_restart, shutdown_with_message=shutdown_with_message,
        stop_exit_codes=_numbers("--stop-exit-codes", stop_exit_codes),
        out_file=output, error_file=error, log_file=log,
        log_date_format=log_date_format or (STAMP if time else ""), log_type=log_type,
        watch=tuple(watch_path or ((".",) if watch else ())),
        ignore_watch=tuple(ignore_watch or ()), watch_delay=watch_delay,
        cron_restart=cron_of("--cron-restart", cron_restart),
        cron=cron_of("--cron-job", cron_job), timezone=timezone,
    )  # fmt: skip
    options |= {"autorestart": False} if no_autorestart else {}
    options |= {"autostart": False} if no_autostart else {}
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


def _numbers(flag: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(code) for code in text.replace(",", " ").split())
    except ValueError:
        raise UsageError(f"{flag}: {text!r} are not numbers", f"as in `{flag} 80,443`") from None
