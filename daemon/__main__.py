"""`pmd`, or `pm --daemon`: the daemon in the foreground."""

from __future__ import annotations

import sys

from .main import main

if __name__ == "__main__":
    sys.exit(main())
