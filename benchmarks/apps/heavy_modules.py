"""Takes long to import: pandas where it is installed, else half a second of computing."""

import time

try:
    import pandas  # noqa: F401
except ImportError:
    end = time.process_time() + 0.5
    while time.process_time() < end:
        pass
