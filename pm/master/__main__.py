"""The master of one app: `python -S -E __main__.py CONTROL_FD LISTENER_FD...`, bootstrap on stdin.

Stdlib only, single-threaded but for the log thread, and independent of the daemon: when that
dies, the master goes on.
"""

from __future__ import annotations

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != _HERE]
sys.path.insert(0, os.path.dirname(os.path.dirname(_HERE)))

from pm.master.main import main

if __name__ == "__main__":
    sys.exit(main([int(fd) for fd in sys.argv[1:]]))
