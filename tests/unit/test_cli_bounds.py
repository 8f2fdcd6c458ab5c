"""Files that are too much: refused with words, before they cost time or memory."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest

from cli.ecosystem import dotenv, formats
from cli.ecosystem.bounded import LARGEST
from pm.errors import ConfigError

LAUGHS = "a: &a ['ha', 'ha']\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghijklm", "bcdefghijklmn", strict=True)
)
MERGED = "a: &a {k: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}\n"
    for before, name in zip("abcdefghijklm", "bcdefghijklmn", strict=True)
)
LONG = f"a: &a {'x' * 200_000}\nb: [{', '.join(['*a'] * 100)}]\n"


def refusal(folder: Path, name: str, text: str) -> ConfigError:
    """Return what is said of a file."""
    path = folder / name
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        formats.load(str(path))
    assert str(path) in caught.value.message
    return caught.value


@pytest.mark.parametrize("name", ["e.toml", "e.json", "e.yaml", "e.config.js"])
def test_a_file_that_is_too_large_is_not_read(name: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, name, "#" * (LARGEST + 1))
    assert "has more than 1 MB" in error.message
    assert "is it the right file?" in error.hint


def test_standard_input_has_the_same_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("#" * (LARGEST + 1)))
    with pytest.raises(ConfigError, match="standard input has more than 1 MB"):
        formats.load("-")


def test_what_cannot_be_read_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "e.toml").write_bytes(b"[[apps]]\n# caf\xe9\n")
    with pytest.raises(ConfigError, match="is no UTF-8 text: it holds the byte 0xe9") as caught:
        formats.load(str(tmp_path / "e.toml"))
    assert "save it as UTF-8" in caught.value.hint
    (tmp_path / "d.toml").mkdir()
    with pytest.raises(ConfigError, match=r"d\.toml: Is a directory$"):
        formats.load(str(tmp_path / "d.toml"))


def test_a_file_of_variables_has_the_same_limit(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n" * (LARGEST // 4) + "B")
    with pytest.raises(ConfigError, match=f"env_file: {path} has more than 1 MB"):
        dotenv.read(str(path))


@pytest.mark.parametrize("text", [LAUGHS, MERGED, LONG, "a: &a [*a]\n"])
def test_aliases_that_stand_for_too_much_are_not_followed(text: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, "e.yaml", text)
    assert "its aliases stand for more than 10 MB" in error.message
    assert "leave aliases" in error.hint


def test_aliases_as_people_write_them(tmp_path: Path) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(
        "all: &all {cwd: /srv}\napps:\n- {<<: *all, script: a}\n- {<<: *all, script: b}\n"
    )
    data, _ = formats.load(str(path))
    assert [app["cwd"] for app in data["apps"]] == ["/srv", "/srv"]


def test_keys_are_text_whatever_they_look_like(tmp_path: Path) -> None:
    path = tmp_path / "e.yaml"
    path.write_text("apps:\n- {1: 2, yes: &a {2001-01-01: 3}, also: *a}\n")
    data, _ = formats.load(str(path))
    assert data["apps"] == [{"1": 2, "yes": {"2001-01-01": 3}, "also": {"2001-01-01": 3}}]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("e.yaml", "apps: " + "[" * 100_000),
        ("e.yaml", "apps: " + "9" * 5_000),
        ("e.yaml", "apps: " + "1:" * 5_000 + "1.5"),
        ("e.yaml", "apps: 2001-99-99"),
        ("e.toml", "apps = " + "[" * 100_000),
        ("e.toml", "apps = " + "9" * 5_000),
        ("e.toml", "a." * 400_000 + "a = 1"),
        ("e.json", "[" * 100_000),
        ("e.json", "/*" * 400_000),
        ("e.json", '"' + '\\"' * 400_000),
    ],
)
def test_what_costs_parsers_dear_is_a_fault(name: str, text: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, name, text)
