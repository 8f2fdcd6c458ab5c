"""wsgi.py, with an import that takes long."""

import heavy_modules  # noqa: F401
from wsgi import app as app
