"""The times of a cron pattern in a time zone, daylight saving included: cronsim reckons them.

Imported only when an app has a schedule.
"""

from __future__ import annotations

import os
from datetime import datetime, timezone, tzinfo
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from pm.model import AppSpec
from pm.upkeep import fields_of_schedule, no_schedule, no_timezone

from .schedule import After

_LOCAL = "/etc/localtime"


def times_of(spec: AppSpec) -> After:
    """Return what reckons an app's times; raises ConfigError."""
    zone = zone_of(spec.timezone)
    key, pattern = ("cron", spec.cron) if spec.cron else ("cron_restart", spec.cron_restart)
    fields = fields_of_schedule(pattern)

    def after(now: float) -> float:
        try:
            return next(CronSim(fields, datetime.fromtimestamp(now, zone))).timestamp()
        except StopIteration:  # not within 50 years
            return 0.0

    try:
        if not after(0.0):
            raise no_schedule(key, pattern, "it never comes")
    except CronSimError as error:
        raise no_schedule(key, pattern, error) from None
    return after


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name, or the daemon's own; raises ConfigError."""
    name = name or os.environ.get("TZ", "").removeprefix(":")
    try:
        if name:
            return ZoneInfo(name)
        with open(_LOCAL, "rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError, KeyError) as error:
        if name:
            raise no_timezone(name) from error
        return timezone.utc
