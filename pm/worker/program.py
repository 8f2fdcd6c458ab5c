"""Run the app in a worker as `python server.py` would: same names, paths, arguments, exit."""

from __future__ import annotations

import os
import sys

from . import here

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any


class Job:
    """What a forked worker is to run."""

    def __init__(
        self,
        target: str,
        script: str,
        args: list[str],
        code: CodeType | None,
        environ: dict[str, str],
    ) -> None:
        self.target = target
        """`script`, `module` or `app`."""
        self.script = script
        self.args = args
        self.code = code
        """The script as the template read it; None for a folder, a zip file or a module."""
        self.environ = environ
        """Variables to add."""


def compiled(path: str) -> CodeType | None:
    """Compile a script once a generation; None if the worker has to meet the error itself."""
    try:
        with open(path, "rb") as file:
            return compile(file.read(), path, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return None


def first_path(target: str, script: str) -> str:
    """Return what plain python has as sys.path[0]."""
    if target in ("module", "app"):
        return os.getcwd()
    if os.path.isdir(script) or (not script.endswith((".py", ".pyw")) and _is_zip(script)):
        return script
    if os.path.islink(script):
        script = os.path.join(os.path.dirname(script), os.readlink(script))
    return os.path.dirname(os.path.abspath(script))


def add_first_path(target: str, script: str) -> None:
    """Put the program's folder first on sys.path, unless the interpreter was told not to."""
    safe = sys.flags.isolated or getattr(sys.flags, "safe_path", False)
    if not safe or (target == "script" and is_package(script)):
        sys.path.insert(0, first_path(target, script))


def _is_zip(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"PK\x03\x04" or path.endswith((".pyz", ".zip"))
    except OSError:
        return False


def is_package(script: str) -> bool:
    """True for a folder or zip file, which python runs by its __main__.py."""
    return os.path.isdir(script) or first_path("script", script) == script


def run(job: Job) -> None:
    """Run the app in a new `__main__` module; returns when its top level has ended."""
    here.job = job
    os.environ.update(job.environ)
    main = _new_main()
    if job.target == "app":
        from .webapp import serving

        return serving.run(job.script, job.args)
    if job.target == "module":
        sys.argv[:] = [job.script, *job.args]
        return _run_module(job.script, alter_argv=True)
    sys.argv[:] = [job.script, *job.args]
    if is_package(job.script):
        return _run_module("__main__", alter_argv=False)
    main.__file__ = job.script
    main.__loader__ = _loader(job.script)
    main.__dict__["__cached__"] = None
    code = job.code
    if code is None:
        with open(job.script, "rb") as file:
            code = compile(file.read(), job.script, "exec", dont_inherit=True)
    exec(code, main.__dict__)


def _new_main() -> Any:
    """Put a fresh module in the place of `__main__`; it stays, also for threads that live on."""
    import builtins

    global _bootstrap
    _bootstrap = sys.modules["__main__"]  # the interpreter is still running its code
    main: Any = type(sys)("__main__")
    main.__builtins__ = builtins
    if sys.version_info < (3, 14):
        main.__annotations__ = {}
    sys.modules["__main__"] = main
    return main


_bootstrap: Any = None


def _run_module(name: str, alter_argv: bool) -> None:
    import runpy

    runpy._run_module_as_main(name, alter_argv)  # type: ignore[attr-defined]


def _loader(path: str) -> object:
    import _frozen_importlib_external as external

    return external.SourceFileLoader("__main__", path)


def hide_frames(error: BaseException) -> None:
    """Leave our own frames out of the traceback that the interpreter is about to print."""
    trace = error.__traceback__
    while trace is not None and _ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    hook = sys.excepthook

    def excepthook(kind: Any, value: Any, _: Any) -> None:
        hook(kind, value.with_traceback(trace), trace)

    sys.excepthook = excepthook


_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep


def _ours(filename: str) -> bool:
    return os.path.abspath(filename).startswith(_FOLDER)
