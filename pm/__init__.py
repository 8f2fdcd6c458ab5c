"""pm: a process manager for Python services; this package is its shared language and cluster."""

__version__ = "0.1.0"
