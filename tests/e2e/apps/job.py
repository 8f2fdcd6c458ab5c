"""A job: says that it runs, waits for a file to appear if one is named, ends with a code."""

from __future__ import annotations

import os
import sys
import time

print("runs", flush=True)
code, *wait = sys.argv[1:]
while wait and not os.path.exists(wait[0]):
    time.sleep(0.02)
sys.exit(int(code))
