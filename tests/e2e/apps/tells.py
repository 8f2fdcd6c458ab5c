"""Prints its environment as JSON, one line, and waits."""

import json
import os
import time

print(json.dumps(dict(os.environ)), flush=True)
while True:
    time.sleep(60)
