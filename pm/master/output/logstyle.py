"""How a line stands in a log file: as it came, behind the time, or as an object of JSON."""

from __future__ import annotations

import json
import re
import time

from ...model import LogType
from ...record import dataclass
from .logowners import Writer
from .pipes import TEMPLATE_SLOT

_TOKENS = re.compile(
    r"\[([^\]]+)\]|YYYY|YY|M{1,4}|DD?|d{1,4}|HH?|hh?|a|A|mm?|ss?|SSS|ZZ?"
)  # fmt: skip
"""The signs of a date in dayjs, which PM2 uses; text in brackets stands for itself."""
_STRFTIME = {
    "YYYY": "%Y", "YY": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "DD": "%d", "dddd": "%A",
    "ddd": "%a", "HH": "%H", "hh": "%I", "mm": "%M", "ss": "%S", "A": "%p", "ZZ": "%z",
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """What is added to each line of an app."""

    app: str = ""
    date_format: str = ""
    log_type: LogType = LogType.TEXT

    @property
    def plain(self) -> bool:
        """True if nothing is added: what is written is what came."""
        return not self.date_format and self.log_type is LogType.TEXT

    def of(self, who: Writer, data: bytes, now: float, begun: bool) -> bytes:
        """Return the lines of `data` in this style; `begun`: the first one goes on from before.

        `now` in seconds since the epoch: when they were read. Lines that came together have
        the same time.
        """
        if self.log_type is LogType.JSON:
            return self._objects(who, data, now)
        stamp = f"{dated(self.date_format, now)}: ".encode(errors="replace")
        ends = data.endswith(b"\n")
        body = (data[:-1] if ends else data).replace(b"\n", b"\n" + stamp)
        return (b"" if begun else stamp) + body + (b"\n" if ends else b"")

    def _objects(self, who: Writer, data: bytes, now: float) -> bytes:
        """Return one object a line; of an unfinished line too, for each is to be whole."""
        rest = {
            "timestamp": dated(self.date_format, now) if self.date_format else _iso(now),
            "type": "err" if who.error else "out",
            "app_name": self.app,
            "slot": -1 if who.slot == TEMPLATE_SLOT else who.slot,
            "pid": who.pid,
        }
        tail = ", " + json.dumps(rest)[1:] + "\n"
        lines = data.decode(errors="replace").removesuffix("\n").split("\n")
        return "".join(f'{{"message": {json.dumps(line)}{tail}' for line in lines).encode()


def dated(form: str, now: float) -> str:
    """Return a moment of local time as a format of dayjs asks for it."""
    moment = time.localtime(now)

    def part(match: re.Match[str]) -> str:
        sign = match[0]
        if match[1] is not None:
            return match[1]
        if sign in _STRFTIME:
            return time.strftime(_STRFTIME[sign], moment)
        return _short(sign, moment, now)

    return _TOKENS.sub(part, form)


def _short(sign: str, moment: time.struct_time, now: float) -> str:
    """Return what strftime(3) has no portable sign for."""
    zone = time.strftime("%z", moment)
    numbers = {
        "M": moment.tm_mon, "D": moment.tm_mday, "H": moment.tm_hour, "m": moment.tm_min,
        "h": moment.tm_hour % 12 or 12, "s": moment.tm_sec, "d": (moment.tm_wday + 1) % 7,
    }  # fmt: skip
    if sign in numbers:
        return str(numbers[sign])
    texts = {
        "SSS": f"{int(now * 1000) % 1000:03d}", "Z": f"{zone[:3]}:{zone[3:5]}",
        "a": time.strftime("%p", moment).lower(), "dd": time.strftime("%a", moment)[:2],
    }  # fmt: skip
    return texts.get(sign, sign)


def _iso(now: float) -> str:
    """Return a moment in UTC, to the millisecond, as JavaScript writes it."""
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    return f"{seconds}.{int(now * 1000) % 1000:03d}Z"
