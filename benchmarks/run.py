"""Runs the topics, shows what they find, and writes docs/benchmarks.md after a full run."""

from __future__ import annotations

import argparse
import datetime
import importlib
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from .bench import Bench
from .figures import Result, markdown, verdicts_markdown
from .peers import prepare, versions

TOPICS = (
    "throughput", "uvicorn", "handoff", "fairness", "crash", "reload", "latency", "start",
    "memory", "idle", "logs",
)  # fmt: skip
REPORT = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"

HEAD = """# Benchmarks

Written by `make bench`; do not edit. Every figure is the median of its runs, with
(minimum-maximum), and holds for the machine below only: where nothing else is said, the clients
share its cores with the servers. The peers run the same app, one after another, in the same run.
[benchmarks/README.md](../benchmarks/README.md) tells how each figure is measured.
"""


def main(argv: Sequence[str]) -> int:
    """Run the chosen topics; return the exit code."""
    chosen = _arguments(argv)
    topics = chosen.topics.split(",") if chosen.topics else list(TOPICS)
    begin = time.monotonic()
    load = os.getloadavg()[0]
    tools = prepare()
    results: dict[str, Result] = {}
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="pm-bench-") as folder:
        for topic in topics:
            _say(f"\n== {topic} ({time.monotonic() - begin:.0f} s)")
            module = importlib.import_module(f".topics.{topic}", __package__)
            try:
                results[topic] = module.measure(Bench(tools, Path(folder), chosen.quick))
            except (OSError, RuntimeError) as error:
                failed.append(topic)
                _say(f"error: {topic}: {error}")
                continue
            _say(_section(results[topic]))
    _say("\n" + _budgets(results))
    if list(results) == list(TOPICS) and not chosen.quick:
        parts = [HEAD, _machine(versions(tools), load), _budgets(results)]
        parts += [f"## {topic.capitalize()}\n\n{_section(r)}" for topic, r in results.items()]
        REPORT.write_text("\n\n".join(part.strip() for part in parts) + "\n")
        _say(f"wrote {REPORT.name} after {time.monotonic() - begin:.0f} s")
    return 1 if failed else 0


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("topics", nargs="?", default="", help=",".join(TOPICS))
    parser.add_argument("--quick", action="store_true", help="short runs, nothing is written")
    chosen = parser.parse_args(argv)
    if unknown := set(filter(None, chosen.topics.split(","))) - set(TOPICS):
        parser.error(f"no topic {', '.join(sorted(unknown))}; there are {', '.join(TOPICS)}")
    return chosen


def _section(result: Result) -> str:
    return "\n\n".join(map(markdown, result.tables))


def _budgets(results: dict[str, Result]) -> str:
    verdicts = [verdict for result in results.values() for verdict in result.verdicts]
    return "## Budgets\n\n" + verdicts_markdown(verdicts)


def _machine(programs: dict[str, str], load: float) -> str:
    shown = ", ".join(f"{name} {version}" for name, version in programs.items())
    return (
        f"{datetime.date.today()}, {os.cpu_count()} cores ({platform.machine()}), "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}; "
        f"load average at the beginning {load:.2f}.\n{_busy(load)}With {shown}."
    )


def _busy(load: float) -> str:
    if load < (os.cpu_count() or 1) / 2:
        return ""
    return "**The machine was busy with other work: compare the rows, do not quote the figures.**\n"


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
