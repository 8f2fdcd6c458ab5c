"""PM2's JSON list: one object a worker, with the fields that tools written for PM2 read. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from pm.api import Detail
from pm.codec import to_plain
from pm.model import WorkerView

from .secrets import masked

_IDS = uuid.UUID("6f0dd0f4-43ec-4c3b-9f2f-0b35a5c5d1a7")
_UNUSED: dict[str, Any] = {
    "autostart": True, "treekill": True, "kill_retry_time": 100, "max_memory_restart": None,
    "pm_pid_path": "", "node_version": "N/A",
}  # fmt: skip
"""What PM2's tools look for and pm has no choice or no file for."""


def jlist(details: Iterable[Detail], username: str) -> list[dict[str, Any]]:
    """Return the objects, in the order of the apps; values that look secret are masked."""
    return [
        _process(detail, worker, username) for detail in details for worker in detail.app.workers
    ]


def _process(detail: Detail, worker: WorkerView, username: str) -> dict[str, Any]:
    return {
        "pid": worker.pid,
        "name": detail.app.name,
        "pm_id": worker.id,
        "monit": {"memory": worker.memory, "cpu": worker.cpu},
        "pm": {
            "slot": worker.slot,
            "generation": worker.generation,
            "connections": worker.connections,
            "open": worker.open,
            "scheduling": detail.spec.scheduling.value,
            "watch": to_plain(detail.app.watch),
            "cron": to_plain(detail.app.cron),
        },
        "pm2_env": {**_pm2_env(detail, worker), "username": username},
    }


def _pm2_env(detail: Detail, worker: WorkerView) -> dict[str, Any]:
    app, spec = detail.app, detail.spec
    fields = {
        "name": app.name,
        "namespace": app.namespace,
        "status": worker.state.value,
        "pm_id": worker.id,
        "exec_mode": f"{app.exec_mode.value}_mode",
        "instances": spec.instances,
        "restart_time": worker.restarts,
        "unstable_restarts": worker.unstable,
        "exit_code": worker.exit_code,
        "created_at": round(app.created_at * 1000),
        "pm_uptime": round(worker.started_at * 1000),
        "pm_exec_path": spec.script,
        "pm_cwd": spec.cwd,
        "args": list(spec.args),
        "exec_interpreter": spec.interpreter or "none",
        "node_args": list(spec.interpreter_args),
        "pm_out_log_path": app.out_file,
        "pm_err_log_path": app.error_file,
        "autorestart": spec.autorestart,
        "watch": app.watch is not None,
        "cron_restart": spec.cron_restart or spec.cron or None,
        "merge_logs": True,
        "instance_var": spec.instance_var or "NODE_APP_INSTANCE",
        "NODE_APP_INSTANCE": worker.slot,
        "version": "N/A",
        "unique_id": str(uuid.uuid5(_IDS, f"{app.name} {worker.slot} {app.created_at}")),
        **_UNUSED,
        "env": masked(spec.env, True),
    }
    if app.log_file:
        fields["pm_log_path"] = app.log_file
    return fields
