"""A program in a worker cannot tell that it was not started by `python script.py`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.process.twice import Outcome, Run, both
from tests.pythons import PYTHONS

WITNESS = Path(__file__).parent / "apps" / "witness.py"
ENDS = [next(iter(PYTHONS)), list(PYTHONS)[-1]]
"""The oldest and the newest."""
OURS = (
    "os, sys, socket, array, struct, errno, select, signal, json, "
    "__future__, atexit, fcntl, gc, mmap, re, types, typing, _socket, _weakref"
)
"""What a worker may have imported before the app; asyncio, say, gevent has to patch first."""
NOT_YET = {"fds"}
"""Facts that still differ: the board holds one low fd."""


@cache
def modules_of_ours(python: str) -> frozenset[str]:
    """Return what plain python has imported once it has imported what a worker may."""
    code = f"import {OURS}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([python, "-c", code], check=True, capture_output=True)
    return frozenset(json.loads(done.stdout))


def compare_facts(run: Run, folder: Path) -> dict[str, Any]:
    """Run a witness twice, demand the same facts, and return them."""
    plain, worker = both(run, folder)
    assert (plain.code, plain.error) == (0, ""), plain.error
    assert worker.code == 0, worker.error
    expected, got = json.loads(strip(plain).out), json.loads(strip(worker).out)
    extra = {name for name in got.pop("modules") if name.split(".")[0] != "_pm"}
    extra -= set(expected.pop("modules"))
    for name in expected.keys() - NOT_YET:
        assert got[name] == expected[name], name
    assert extra <= modules_of_ours(run.python)
    facts: dict[str, Any] = got
    return facts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the program runs."""
    made = tmp_path / "app"
    made.mkdir()
    return made


@pytest.mark.parametrize("version", PYTHONS)
def test_a_script(folder: Path, version: str) -> None:
    run = Run(PYTHONS[version], WITNESS, ("a", "-x", "ü", "", "pools"))
    facts = compare_facts(run, folder)
    assert facts["argv"] == [str(WITNESS), "a", "-x", "ü", "", "pools"]
    assert facts["umask"] == 0o027
    assert facts["cwd"] == str(folder)


@pytest.mark.parametrize("version", ENDS)
def test_the_interpreters_options(folder: Path, version: str) -> None:
    options = ("-OO", "-X", "utf8", "-W", "ignore::UserWarning", "-B", "-s")
    facts = compare_facts(Run(PYTHONS[version], WITNESS, options=options), folder)
    assert facts["warnoptions"] == ["ignore::UserWarning"]


@pytest.mark.parametrize("version", ENDS)
def test_a_folder(folder: Path, version: str) -> None:
    app = folder / "program"
    app.mkdir()
    shutil.copy(WITNESS, app / "__main__.py")
    compare_facts(Run(PYTHONS[version], app), folder)


@pytest.mark.parametrize("version", ENDS)
def test_a_module_of_a_package(folder: Path, version: str) -> None:
    package = folder / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    shutil.copy(WITNESS, package / "__main__.py")
    facts = compare_facts(Run(PYTHONS[version], "package", ("a",), module=True), folder)
    assert facts["package"] == "package"


@pytest.mark.parametrize("version", ENDS)
def test_a_module_that_is_a_file(folder: Path, version: str) -> None:
    shutil.copy(WITNESS, folder / "witness.py")
    compare_facts(Run(PYTHONS[version], "witness", module=True), folder)


@pytest.mark.parametrize("version", ENDS)
def test_through_a_symlink(folder: Path, version: str) -> None:
    link = folder / "link.py"
    link.symlink_to(WITNESS)
    facts = compare_facts(Run(PYTHONS[version], link), folder)
    assert facts["path"][0] == str(WITNESS.parent)


NAMES = ["pm", "_pm_", "model", "api", "worker", "errors", "wire", "control", "here", "board"]
PACKAGES = ["daemon", "cli", "master"]
MINE = """
import importlib, sys
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    print(name, module.MINE, module.__file__)
import json, socket, signal
print(json.__name__, sys.modules["__main__"].__file__)
"""


@pytest.mark.parametrize("version", PYTHONS)
def test_an_apps_own_modules_keep_their_names(folder: Path, version: str) -> None:
    (folder / "app.py").write_text(MINE)
    for name in NAMES:
        (folder / f"{name}.py").write_text("MINE = 1\n")
    for name in PACKAGES:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("MINE = 1\n")
    plain, worker = both(Run(PYTHONS[version], folder / "app.py", (*NAMES, *PACKAGES)), folder)
    assert worker == plain
    assert plain.code == 0


def test_import_pm_where_the_app_has_none(folder: Path) -> None:
    (folder / "app.py").write_text("import pm; pm.ready(); print(pm.__version__)")
    _, worker = both(Run(PYTHONS[ENDS[0]], folder / "app.py"), folder)
    assert (worker.code, worker.error) == (0, "")
    assert worker.out[0].isdigit()


PROGRAMS: dict[str, str | bytes] = {
    "a chained exception": (
        "import helper\n"
        "try:\n    helper.fail()\nexcept ZeroDivisionError as error:\n"
        "    raise RuntimeError('wörd') from error\n"
    ),
    "an exception in a function": "def f(n):\n    return 1 / n if not n else f(n - 1)\nf(2)\n",
    "an exception group of lines": "raise ValueError('one\\ntwo')\n",
    "a hook": (
        "import sys\n"
        "def hook(kind, value, trace):\n"
        "    print('hook', kind, value, trace.tb_lineno, trace.tb_next)\n"
        "    print(value.__traceback__ is trace)\n"
        "sys.excepthook = hook\nraise KeyError(1)\n"
    ),
    "an error in the syntax": "print('never')\nif True\n    pass\n",
    "a tab too many": "if True:\n        x = 1\n\ty = 2\n",
    "an encoding": b"# -*- coding: latin-1 -*-\nprint(ascii('\xe9'))\n",
    "a byte order mark and dos lines": b"\xef\xbb\xbfprint('bom')\r\nprint(__doc__)\r\n",
    "exit with 7": "import sys; sys.exit(7)\n",
    "exit with 300": "import sys; sys.exit(300)\n",
    "exit with -1": "import sys; sys.exit(-1)\n",
    "exit with nothing": "raise SystemExit\n",
    "exit with None": "import sys; sys.exit(None)\n",
    "exit with True": "import sys; sys.exit(True)\n",
    "exit with a word": "import sys; sys.exit('a word of ü')\n",
    "exit with an object": "import sys; sys.exit((1, 'b'))\n",
    "exit at once": "import os; print('printed'); os._exit(5)\n",
    "the end of the file": "print('done')\n",
    "an interrupt": "raise KeyboardInterrupt\n",
    "a signal": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)\n",
    "a broken stdin": "input('name? ')\n",
    "the order of exit": (
        "import atexit, threading, weakref\n"
        "class Last:\n    pass\n"
        "last = Last()\nweakref.finalize(last, print, 'finalized')\n"
        "atexit.register(print, 'first in, last out')\n"
        "atexit.register(print, 'last in')\n"
        "def run():\n    threading.main_thread().join()\n    print('thread')\n"
        "threading.Thread(target=run).start()\nprint('top level ended')\n"
    ),
    "an error at exit": "import atexit\natexit.register(divmod, 1, 0)\n",
    "a thread that lives on": (
        "import pickle, threading, time\n"
        "class Thing:\n    pass\n"
        "def run():\n"
        "    threading.main_thread().join()\n"
        "    print(type(pickle.loads(pickle.dumps(Thing()))) is Thing, Thing.__module__)\n"
        "    import __main__\n    print(__main__.Thing is Thing)\n"
        "    raise OSError('in a thread')\n"
        "threading.Thread(target=run, name='late').start()\n"
    ),
    "an error while a thread lives": (
        "import threading, time\n"
        "threading.Timer(0.05, print, ['late']).start()\nraise ValueError('first')\n"
    ),
    "warnings": (
        "import warnings\nwarnings.warn('old', DeprecationWarning)\n"
        "def f():\n    warnings.warn('deep', UserWarning, stacklevel=2)\nf()\n"
    ),
    "a future of the bootstrap": "def f(x: 1 + 1): pass\nprint(f.__annotations__)\n",
    "annotations": "x: int = 1\ndef f(y: x): pass\nprint(f.__annotations__, __annotations__)\n",
    "asyncio and a signal": (
        "import asyncio, os, signal\n"
        "async def main():\n"
        "    done = asyncio.Event()\n"
        "    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, done.set)\n"
        "    os.kill(os.getpid(), signal.SIGUSR1)\n"
        "    await asyncio.wait_for(done.wait(), 5)\n    print('signalled')\n"
        "asyncio.run(main())\n"
    ),
    "a subprocess": (
        "import subprocess, sys\n"
        "print(subprocess.run([sys.executable, '-c', 'import socket; print(socket.socket.bind)'],\n"
        "      stdout=subprocess.PIPE).stdout.decode())\n"
    ),
    "a forked child that raises": (
        "import os\n"
        "if os.fork():\n    print(os.wait()[1])\nelse:\n    raise RuntimeError('child')\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("version", ENDS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_words_and_the_same_end(folder: Path, name: str, version: str) -> None:
    program = PROGRAMS[name]
    raw = program if isinstance(program, bytes) else program.encode()
    (folder / "app.py").write_bytes(raw)
    (folder / "helper.py").write_text("def fail():\n    return 1 / 0\n")
    plain, worker = both(Run(PYTHONS[version], folder / "app.py"), folder)
    assert worker == plain


@pytest.mark.parametrize("version", ENDS)
@pytest.mark.parametrize("ending", ["raise ValueError(1)", "print(__file__, __spec__, __loader__)"])
def test_a_zip_file(folder: Path, version: str, ending: str) -> None:
    archive = folder / "app.pyz"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(
            "__main__.py", f"import helper, sys\nprint(sys.path[0], __name__)\n{ending}\n"
        )
        file.writestr("helper.py", "")
    plain, worker = both(Run(PYTHONS[version], archive), folder)
    assert strip(worker) == strip(plain)


def strip(outcome: Outcome) -> Outcome:
    """Leave out where objects live in memory."""
    return Outcome(outcome.code, re.sub(r"0x[0-9a-f]+", "0x", outcome.out), outcome.error)


@pytest.mark.parametrize("version", ENDS)
@pytest.mark.parametrize("name", ["nothing.here", "package", "package.missing", "json.decoder"])
def test_a_module_that_may_not_run(folder: Path, version: str, name: str) -> None:
    (folder / "package").mkdir()
    (folder / "package" / "__init__.py").write_text("print('imported')\n")
    plain, worker = both(Run(PYTHONS[version], name, module=True), folder)
    assert worker == plain


@pytest.mark.parametrize("version", ENDS)
def test_a_traceback_of_a_module(folder: Path, version: str) -> None:
    (folder / "package").mkdir()
    (folder / "package" / "__main__.py").write_text("from .part import x\nx()\n")
    (folder / "package" / "part.py").write_text("def x():\n    raise ValueError\n")
    plain, worker = both(Run(PYTHONS[version], "package", module=True), folder)
    assert worker == plain


def test_warnings_as_errors(folder: Path) -> None:
    (folder / "app.py").write_text("print(1 is 1)\n")
    run = Run(PYTHONS[ENDS[1]], folder / "app.py", options=("-W", "error"))
    plain, worker = both(run, folder)
    assert worker == plain
    assert "SyntaxError" in plain.error


def test_a_script_that_is_not_there(folder: Path) -> None:
    _, worker = both(Run(PYTHONS[ENDS[1]], folder / "missing.py"), folder)
    assert worker.code not in (0, None)
    assert "missing.py" in worker.error


@pytest.mark.parametrize("version", PYTHONS)
def test_closing_files(folder: Path, version: str) -> None:
    plain, worker = both(Run(PYTHONS[version], WITNESS.parent / "closes.py"), folder)
    assert (plain.code, plain.error) == (0, "")
    assert (worker.code, worker.error) == (0, "")
    assert json.loads(worker.out) == json.loads(plain.out)
