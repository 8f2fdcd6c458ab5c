"""Does what the file WORD says when it starts: `die`, or anything else to stay: WORD."""

import pathlib
import signal
import sys

if pathlib.Path(sys.argv[1]).read_text() == "die":
    sys.exit(3)
signal.pause()
