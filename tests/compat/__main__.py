"""`python -m tests.compat [NAME ...]`: measure the servers (all of them) and write the table.

A name is a part of a server's name. Rows that are not measured stay as they stand.
"""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import sys
import tempfile
from pathlib import Path

import trustme

from tests.installed import ROOT, build_wheel, install
from tests.pm_command import Pm
from tests.ports import free_port

from . import table
from .checks import Row, Subject
from .servers import ALL, Server

_PAGE = ROOT / "docs" / "compatibility.md"


def main(names: list[str]) -> int:
    """Measure; returns 1 if a row is not green and has no remark."""
    chosen = [s for s in ALL if not names or any(n.lower() in s.name.lower() for n in names)]
    folder = Path(tempfile.mkdtemp(prefix="pm-", dir="/tmp"))
    bad = 0
    try:
        certificate = folder / "certificate.pem"
        trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
            str(certificate)
        )
        bin_folder = install(build_wheel(folder / "wheel"), folder / "venv")
        for server in chosen:
            row = _measure(server, bin_folder, folder, str(certificate))
            # at once: a long run that is broken off has not been in vain
            table.write(_PAGE, [server.name for server in ALL], [row], _versions())
            bad += not row.green and not row.remark
    finally:
        shutil.rmtree(folder)
    return bad > 0


def _measure(server: Server, bin_folder: Path, folder: Path, certificate: str) -> Row:
    row = Row(server.name, _version(server), remark=server.remark)
    home = folder / "home"
    home.mkdir()
    pm = Pm(bin_folder, home, folder)
    place = str(folder / "s.sock") if server.unix else free_port()
    try:
        Subject(pm, server, place, certificate).measure(row)
    except AssertionError as error:
        print(error, "\n", pm.logs(), file=sys.stderr)
        row.serves = row.serves or "does not start"
        lines = str(error).splitlines()
        row.remark = row.remark or next((ln for ln in lines if ln.startswith("✗")), lines[0])
    finally:
        left = pm.end()
    if left:
        row.remark = f"left behind: {sorted(left.values())}"
    shutil.rmtree(home)
    print(table.line(row), flush=True)
    return row


def _version(server: Server) -> str:
    return importlib.metadata.version(server.package) if server.package else ""


def _versions() -> str:
    python, linux = platform.python_version_tuple(), platform.release().split(".")
    return f"Python {'.'.join(python[:2])}, Linux {'.'.join(linux[:2])}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
