"""The next version of server.py: it needs a setting that nobody has made."""

import os

DATABASE = os.environ["DATABASE_OF_THE_NEXT_VERSION"]
