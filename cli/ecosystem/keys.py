"""Every key of an app in an ecosystem file, defined once.

From here come validation, the help texts of `pm start`, docs/ecosystem.md and `pm schema`.
PM2's names for a key are its aliases; PM2's keys without a meaning here say why.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pm.codec import to_plain
from pm.model import AppSpec, LogType, Scheduling
from pm.record import fields_of

from .dependencies import DEPENDENCIES
from .formats import OURS, Dialect
from .kinds import (
    BOTH_LOG,
    COUNT,
    CRON,
    CRON_RESTART,
    DURATION,
    FILTERS,
    FLAG,
    FOLDER,
    LOG,
    MODE,
    NUMBERS,
    PATHS,
    PORT,
    PORTS,
    SIGNAL,
    SIZE,
    TEXT,
    TIMEZONE,
    VARIABLES,
    WHOLE,
    WORDS,
    Kind,
    choice,
)
from .logkinds import LOG_ROTATE
from .rights import IDENTITY, UMASK
from .watching import WATCH_OPTIONS


class Key(NamedTuple):
    """One key."""

    kind: Kind
    help: str
    """A phrase; the default is added to it."""
    aliases: tuple[str, ...] = ()
    default: str = ""
    """As the docs show it, where there is more to say than the field's own default."""


KEYS: dict[str, Key] = {
    "script": Key(TEXT, "File, folder, console script or command", ("exec", "cmd", "command")),
    "module": Key(TEXT, "Python module to run, as with `python -m`"),
    "args": Key(WORDS, "Arguments of the app"),
    "name": Key(TEXT, "Name in the list", default="the script's"),
    "name_prefix": Key(TEXT, "Put before the name, with a colon"),
    "append_env_to_name": Key(FLAG, "With `--env NAME`, -NAME is put behind the name"),
    "namespace": Key(TEXT, "Group of apps, selected together"),
    "cwd": Key(FOLDER, "Working directory of the app", default="the folder of the file"),
    "interpreter": Key(TEXT, "Python that runs it, or `none`", ("exec_interpreter",),
                       "venv, shebang, PATH"),
    "interpreter_args": Key(WORDS, "Options of the interpreter", ("node_args",)),
    "exec_mode": Key(MODE, "Workers forked behind one listener, or plain processes",
                     default="cluster for Python"),
    "instances": Key(COUNT, "Workers; `max` or 0: one a CPU, -1: one less"),
    "max_surge": Key(WHOLE, "New workers beside the old at a reload, for apps that do not listen"),
    "preload": Key(WORDS, "Imported once, before the workers are forked"),
    "scheduling": Key(choice(*(policy.value for policy in Scheduling)),
                      "Who gets the next connection"),
    "host": Key(TEXT, "Where a `module:app` listens", default="127.0.0.1"),
    "port": Key(PORT, "Where a `module:app` listens; in PM2's files also the variable PORT",
                default="8000"),
    "listen": Key(WORDS, "Addresses on which pm listens for a program that is given the sockets"
                         " (LISTEN_FDS); only for exec_mode fork"),
    "ports": Key(PORTS, "Privileged ports that the app may bind although it runs as `user`"),
    "exclusive_ports": Key(PORTS, "Ports that stay each worker's own, outside the rotation"),
    "queue_depth": Key(WHOLE, "Connections that may wait in one worker's channel"),
    "keepalive_handover": Key(FLAG, "Move idle keep-alive connections to the new workers"),
    "env": Key(VARIABLES, "Variables of the app"),
    "env_file": Key(WORDS, "Files of NAME=value lines (dotenv), before `env`"),
    "filter_env": Key(FILTERS, "Parts of names of the caller's variables to leave out; true: all"),
    "instance_var": Key(TEXT, "Variable that holds the worker's slot"),
    "increment_var": Key(TEXT, "Variable of `env` that each slot has one higher than the last"),
    "depends_on": Key(DEPENDENCIES, "Apps that have to be started, ready or completed before it"),
    "user": Key(IDENTITY, "User that runs it, where pm is root's", ("uid", "username"),
                "pm's own"),
    "group": Key(IDENTITY, "Its group", ("gid",), "the user's own"),
    "umask": Key(UMASK, "Rights that the files it makes do not get", default="the caller's"),
    "wait_ready": Key(FLAG, "Ready is said by the app"),
    "listen_timeout": Key(DURATION, "Time to get ready in"),
    "kill_timeout": Key(DURATION, "Time from stop signal to SIGKILL"),
    "stop_signal": Key(SIGNAL, "Signal that ends a worker"),
    "shutdown_with_message": Key(FLAG, "Where a worker listens for messages: it gets `shutdown`"),
    "autostart": Key(FLAG, "Start it when it comes into the list"),
    "autorestart": Key(FLAG, "Replace a worker that ends by itself"),
    "max_restarts": Key(WHOLE, "Unstable exits in a row until errored"),
    "min_uptime": Key(DURATION, "An exit before it is unstable"),
    "max_memory_restart": Key(SIZE, "Memory of a worker, its children included, at which it is "
                              "replaced by another", default="any"),
    "restart_delay": Key(DURATION, "Time to wait before a restart"),
    "stop_exit_codes": Key(NUMBERS, "Exit codes after which it stays stopped"),
    "out_file": Key(LOG, "Log of standard output", ("out", "output", "out_log"),
                    "NAME-out.log in $PM_HOME/logs"),
    "error_file": Key(LOG, "Log of standard error", ("error", "err", "err_file", "err_log"),
                      "NAME-error.log there"),
    "log_file": Key(BOTH_LOG, "Log of both, besides", ("log",)),
    "disable_logs": Key(FLAG, "Keep no logs"),
    "log_date_format": Key(TEXT, "Put before each line of a log, as dayjs writes dates"),
    "time": Key(FLAG, "The same with YYYY-MM-DDTHH:mm:ss"),
    "log_type": Key(choice(*(kind.value for kind in LogType)), "How lines stand in the logs"),
    "log_rotate": Key(LOG_ROTATE, "`log_max_size`, `log_keep` and `log_compress` in one; false: "
                      "never"),
    "log_max_size": Key(SIZE, "Size at which a log file is rotated"),
    "log_keep": Key(WHOLE, "Rotated files to keep"),
    "log_compress": Key(FLAG, "Compress rotated files"),
    "watch": Key(PATHS, "Reload when files change: true for the app's folder, or paths"),
    "ignore_watch": Key(WORDS, "Patterns of files whose changes mean nothing, `!` takes one back",
                        default="environments, caches, logs, databases"),
    "watch_delay": Key(DURATION, "Time without a change before the reload"),
    "watch_polling": Key(DURATION, "Look at all files so often, for network drives; 0: never"),
    "watch_options": Key(WATCH_OPTIONS, "PM2's options of its watcher, those with a meaning here"),
    "cron_restart": Key(CRON_RESTART, "When to reload: crontab's fields, seconds first if six"),
    "cron": Key(CRON, "When to start: the app is a job (in PM2's files: `cron_restart`)",
                ("cron_job",)),
    "timezone": Key(TIMEZONE, "Time zone of these times", default="the daemon's"),
}  # fmt: skip

MEANINGLESS: dict[str, str] = {
    "post_update": "there is no `pull`: `pm deploy` has the hook `post-deploy`",
    "merge_logs": "workers share their app's log files; `pm logs` says which wrote a line",
    "combine_logs": "workers share their app's log files; `pm logs` says which wrote a line",
    "pid_file": "`pm pid` prints pids, and workers come and go",
    "pid": "`pm pid` prints pids, and workers come and go",
    "kill_retry_time": "the end of a process is waited for, not polled",
    "treekill": "a worker's whole process group is ended, always",
    "exp_backoff_restart_delay": "restarts back off by themselves, 100 ms doubled up to 15 s",
    "force": "an app of a file is started once, by its name",
    "write": "only for PM2's own commands",
    "execute_command": "only for PM2's own commands",
    "automation": "only for PM2's monitoring service",
    "pmx": "only for PM2's monitoring service",
    "trace": "only for PM2's monitoring service",
    "disable_trace": "only for PM2's monitoring service",
    "deep_monitoring": "only for PM2's monitoring service",
    "io": "only for PM2's monitoring service",
    "v8": "only for PM2's monitoring service",
    "event_loop_inspector": "only for PM2's monitoring service",
    "vizion": "pm does not look into version control",
    "install_url": "only for PM2's modules",
    "windowsHide": "only for Windows",
    "source_map_support": "only for JavaScript",
    "disable_source_map_support": "only for JavaScript",
}
"""PM2's keys that change nothing here: said, and then ignored."""

ALIASES: dict[str, str] = {alias: name for name, key in KEYS.items() for alias in key.aliases}

_ENV_NAMED = "env_"


def canonical(key: str, dialect: Dialect = OURS) -> str:
    """Return the name of a key for one of its aliases, or for PM2's camelCase of it."""
    if key in dialect.renamed:
        return dialect.renamed[key]
    if key in ALIASES or named_env(key):
        return ALIASES.get(key, key)
    snake = re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", key)
    known = snake in KEYS or snake in ALIASES or snake in MEANINGLESS
    return ALIASES.get(snake, snake) if known else key


def named_env(key: str) -> str:
    """Return NAME of the key `env_NAME`, or nothing."""
    return key.removeprefix(_ENV_NAMED) if key.startswith(_ENV_NAMED) and key != "env_file" else ""


def default_of(name: str) -> str:
    """Return a key's default as it is shown, or an empty string if nothing is to be said."""
    said, kind = KEYS[name].default, KEYS[name].kind
    if said or (fields_of(AppSpec) or {}).get(name, True):  # none, or one that must be given
        return said
    value = to_plain(getattr(_PLAIN, name))
    return kind.shown(value) if value not in ("", [], {}, None, 0) else ""


def explained(name: str) -> str:
    """Return what a key means as one sentence, with how it is written and its default."""
    key, default = KEYS[name], default_of(name)
    notes = filter(None, (key.kind.note, f"default {default}" if default else ""))
    more = "; ".join(notes)
    return f"{key.help} ({more})." if more else f"{key.help}."


_PLAIN = AppSpec("app", "-", "/")
