"""`pm`: run by the door, `pm/__main__.py`."""

from __future__ import annotations

import sys

from cli.entry import run

sys.exit(run(sys.argv[1:]))
