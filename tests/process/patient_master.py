"""The master, but one that gives a minute: to blind connections, and to workers that take none."""

from __future__ import annotations

import os
import runpy
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

if __name__ == "__main__":
    sys.path[0] = ROOT

    from pm.master.sockets import lane
    from pm.master.workers import lives

    vars(lives).update(BLIND_GRACE=60.0)
    vars(lane).update(PATIENCE=60.0)
    runpy.run_path(os.path.join(ROOT, "pm", "master", "__main__.py"), run_name="__main__")
