"""How python reads its command line."""

from __future__ import annotations

import pytest

from pm.worker.commandline import read


@pytest.mark.parametrize(
    ("words", "options", "target", "script", "args"),
    [
        ("app.py", "", "script", "app.py", ""),
        ("app.py -u -m x", "", "script", "app.py", "-u -m x"),
        ("-u -W ignore app.py a", "-u -W ignore", "script", "app.py", "a"),
        ("-Wignore -Xutf8 app.py", "-Wignore -Xutf8", "script", "app.py", ""),
        ("-uW ignore app.py", "-uW ignore", "script", "app.py", ""),
        ("--check-hash-based-pycs never app.py", "--check-hash-based-pycs never", "script",
         "app.py", ""),
        ("-m flask run", "", "module", "flask", "run"),
        ("-u -m flask -m x", "-u", "module", "flask", "-m x"),
        ("-um flask run", "-u", "module", "flask", "run"),
        ("-mflask run", "", "module", "flask", "run"),
        ("-X importtime -Bc print() a", "-X importtime -B", "code", "print()", "a"),
    ],
)  # fmt: skip
def test_it_is_taken_apart(words: str, options: str, target: str, script: str, args: str) -> None:
    line = read(words.split())
    assert line is not None
    assert (line.options, line.target) == (options.split(), target)
    assert (line.script, line.args) == (script, args.split())


@pytest.mark.parametrize("words", ["", "-u", "-m", "-", "-u - a", "-V", "-W ignore"])
def test_nothing_to_run(words: str) -> None:
    assert read(words.split()) is None
