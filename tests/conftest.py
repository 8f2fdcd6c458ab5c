"""Fixtures: the installed product, and a PM_HOME that is empty of processes afterwards."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.installed import build_wheel, install
from tests.pm_command import Pm
from tests.ports import free_port


def pytest_configure() -> None:
    """Take signals as in a terminal: `make test &` and nohup ignore some, which is inherited."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from this checkout."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a venv with the wheel in it."""
    return install(wheel, tmp_path_factory.mktemp("venv"))


@pytest.fixture
def make_pm(installed: Path, tmp_path: Path) -> Iterator[Callable[[Path], Pm]]:
    """Give `pm` for any PM_HOME; fails the test that leaves a process behind."""
    made: list[Pm] = []

    def make(home: Path) -> Pm:
        made.append(Pm(installed, home, tmp_path))
        return made[-1]

    yield make
    left = {pid: command for pm in made for pid, command in pm.end().items()}
    assert not left, f"left behind after `pm kill`: {left}"


@pytest.fixture
def pm_home() -> Iterator[Path]:
    """A short, private, empty folder."""
    path = Path(tempfile.mkdtemp(prefix="pm-", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def pm(pm_home: Path, make_pm: Callable[[Path], Pm]) -> Pm:
    """The installed `pm` with a PM_HOME of its own, in the test's folder."""
    return make_pm(pm_home)


@pytest.fixture
def port() -> int:
    """A port that nobody has bound."""
    return free_port()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the logs of a failed test's PM_HOME."""
    report = yield
    pm = getattr(item, "funcargs", {}).get("pm")
    if report.failed and isinstance(pm, Pm) and pm.home.is_dir():
        report.sections.append((f"logs in {pm.home}", pm.logs()))
    return report
