"""Says who imported it."""

import os

UID = os.geteuid()
