"""Writes what a program can see of its own situation, as JSON: FILE."""

# ruff: noqa: E402 - it looks at what was imported before it imports
# isort: off
import sys

MODULES = sorted(sys.modules)

import inspect
import json
import multiprocessing
import os
import pickle
import signal
import threading


class Thing:
    pass


def double(number):
    return number * 2


def facts():
    umask = os.umask(0)
    os.umask(umask)
    return {
        "argv": sys.argv,
        "name": __name__,
        "file": __file__,
        "spec": repr(__spec__),
        "loader": type(__loader__).__name__,
        "package": __package__,
        "path": sys.path,
        "flags": list(sys.flags),
        "xoptions": sys._xoptions,
        "warnoptions": sys.warnoptions,
        "executable": sys.executable,
        "prefix": sys.prefix,
        "cwd": os.getcwd(),
        "umask": umask,
        "nice": os.nice(0),
        "handlers": {s.name: str(signal.getsignal(s)) for s in signal.Signals if s.value < 32}
        | {"SIGINT": getattr(signal.getsignal(signal.SIGINT), "__name__", "")},
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "threads": threading.active_count(),
        "main": sys.modules["__main__"].__dict__ is globals(),
        "pickled": type(pickle.loads(pickle.dumps(Thing()))) is Thing,
        "source": inspect.getsource(double),
        "globals": sorted(globals()),
        "stdin": os.readlink("/proc/self/fd/0"),
        "line_buffered": sys.stdout.line_buffering or sys.stdout.write_through,
        "session": os.getpgrp() == os.getpid(),
    }


def pools():
    found = {}
    for method in ("spawn", "fork", "forkserver"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            found[method] = pool.map(double, [21])
    return found


if __name__ == "__main__":
    seen = {
        "modules": MODULES,
        "environ": dict(os.environ),
        "facts": facts(),
        "pools": pools(),
    }
    with open(sys.argv[1] + ".part", "w") as file:
        json.dump(seen, file)
    os.rename(sys.argv[1] + ".part", sys.argv[1])
    signal.pause()
