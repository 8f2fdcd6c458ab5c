"""PM2's JSON list: one object a worker, with the fields that tools written for PM2 read. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pm.api import Detail
from pm.model import WorkerView


def jlist(details: Iterable[Detail]) -> list[dict[str, Any]]:
    """Return the objects, in the order of the apps."""
    return [_process(detail, worker) for detail in details for worker in detail.app.workers]


def _process(detail: Detail, worker: WorkerView) -> dict[str, Any]:
    return {
        "pid": worker.pid,
        "name": detail.app.name,
        "pm_id": worker.id,
        "monit": {"memory": worker.memory, "cpu": worker.cpu},
        "pm2_env": _pm2_env(detail, worker),
    }


def _pm2_env(detail: Detail, worker: WorkerView) -> dict[str, Any]:
    app, spec = detail.app, detail.spec
    fields = {
        "name": app.name,
        "namespace": app.namespace,
        "status": worker.state.value,
        "pm_id": worker.id,
        "exec_mode": f"{app.exec_mode.value}_mode",
        "instances": len(app.workers),
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
        "watch": False,
        "merge_logs": True,
        "instance_var": spec.instance_var,
        "NODE_APP_INSTANCE": worker.slot,
        "version": "N/A",
        "env": dict(spec.env),
    }
    if app.log_file:
        fields["pm_log_path"] = app.log_file
    return fields
