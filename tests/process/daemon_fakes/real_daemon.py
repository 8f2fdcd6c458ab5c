"""The real daemon, with real masters, from the checkout."""

from __future__ import annotations

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[0] = os.path.abspath(os.path.join(HERE, "..", "..", ".."))

import daemon.main  # noqa: E402

if __name__ == "__main__":
    sys.exit(daemon.main.main())
