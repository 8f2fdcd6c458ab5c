"""Prints what a program can see of its own situation, as JSON."""

import sys

MODULES = sorted(sys.modules)

import builtins  # noqa: E402
import concurrent.futures  # noqa: E402
import gc  # noqa: E402
import inspect  # noqa: E402
import json  # noqa: E402
import locale  # noqa: E402
import multiprocessing  # noqa: E402
import os  # noqa: E402
import pickle  # noqa: E402
import resource  # noqa: E402
import signal  # noqa: E402
import subprocess  # noqa: E402
import threading  # noqa: E402

number: int = 1


class Thing:
    """A class of __main__."""

    value = 3


def double(number):
    return number * 2


def stream(file):
    return [
        file.name, file.mode, file.encoding, file.errors, file.newlines, file.line_buffering,
        file.write_through if hasattr(file, "write_through") else None, file.fileno(),
        file.isatty(), type(file.buffer).__name__, file.closed,
    ]  # fmt: skip


def handlers():
    found = {}
    for number in signal.valid_signals():
        handler = signal.getsignal(number)
        found[int(number)] = getattr(handler, "__name__", str(handler))
    return found


def low_fds():
    return sorted(int(name) for name in os.listdir("/proc/self/fd") if int(name) < 64)


def pools():
    found = [multiprocessing.current_process().name, repr(multiprocessing.parent_process())]
    for method in ("spawn", "fork", "forkserver"):
        context = multiprocessing.get_context(method)
        queue = context.SimpleQueue()
        child = context.Process(target=queue.put, args=(Thing,))
        child.start()
        found.append(queue.get() is Thing)
        child.join()
        found.append(child.exitcode)
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
            found.append(list(pool.map(double, [1, 2])))
    return found


def child_python():
    code = "import sys; print(sys.path, sorted(sys.modules), sys.flags)"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def umask():
    found = os.umask(0)
    os.umask(found)
    return found


def main():
    own = globals()
    me = sys.modules["__main__"]
    environ = {name: text for name, text in os.environ.items() if not name.startswith("PM_")}
    return {
        "argv": sys.argv,
        "orig_argv": getattr(sys, "orig_argv", []),
        "name": __name__,
        "file": __file__,
        "doc": __doc__,
        "spec": repr(__spec__),
        "loader": repr(type(__loader__)),
        "package": __package__,
        "builtins": __builtins__ is builtins,
        "annotations": repr(own.get("__annotations__")),
        "globals": sorted(name for name in own if name.startswith("__")),
        "main": [me.__dict__ is own, type(me).__name__, repr(me)],
        "path": sys.path,
        "meta_path": len([one for one in sys.meta_path if "_pm" not in repr(one)]),
        "hooks": [sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__],
        "flags": list(sys.flags),
        "xoptions": sys._xoptions,
        "warnoptions": sys.warnoptions,
        "dont_write_bytecode": sys.dont_write_bytecode,
        "executable": sys.executable,
        "prefix": [sys.prefix, sys.exec_prefix, sys.base_prefix],
        "limits": [sys.getrecursionlimit(), sys.getswitchinterval()],
        "gc": [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()],
        "cwd": os.getcwd(),
        "umask": umask(),
        "nice": os.nice(0),
        "leads": [os.getpgrp() == os.getpid()],
        "handlers": handlers(),
        "wakeup": signal.set_wakeup_fd(-1),
        "blocked": sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))),
        "rlimits": [resource.getrlimit(kind) for kind in range(resource.RLIMIT_NOFILE + 1)],
        "locale": [locale.getlocale(), locale.getpreferredencoding(False)],
        "environ": environ,
        "streams": [stream(sys.stdin), stream(sys.stdout), stream(sys.stderr)],
        "stdin": [os.readlink("/proc/self/fd/0"), sys.stdin.read()],
        "fds": low_fds(),
        "threads": [threading.active_count(), threading.main_thread().name],
        "native": threading.get_native_id() == os.getpid(),
        "pickled": pickle.loads(pickle.dumps(Thing())).value,
        "source": [inspect.getsource(double), inspect.getsourcefile(Thing), inspect.getdoc(Thing)],
        "child": child_python(),
        "pools": pools() if "pools" in sys.argv else [],
    }


if __name__ == "__main__":
    print(json.dumps({"modules": MODULES, **main()}))
