"""`[deploy.NAME]`: what is read, what is refused, and how it is said."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest

from cli.deploy.config import read
from cli.deploy.keys import ALIASES, KEYS, MEANINGLESS
from cli.deploy.model import Access, Deployment, Hooks
from cli.ecosystem.formats import load
from cli.ecosystem.schema import schema
from pm.errors import ConfigError, UsageError

GOOD = """
[[apps]]
script = "shop.py"

[deploy.production]
host = ["web1", "web2"]
user = "www"
port = 2222
key = "~/.ssh/deploy"
ssh_options = "StrictHostKeyChecking=accept-new"
forward-agent = true
repo = "git@example.org:shop.git"
ref = "origin/${BRANCH}"
path = "/var/www/shop/"
shared = ["logs/", ".env"]
keep = 3
parallel = 2
env = { STAGE = "live" }
pre-setup = "a"
post-setup = "b"
pre-deploy-local = "c"
pre-deploy = ["python3 -m venv .venv", "echo ${HOME}"]
post-deploy = "e"
"""


def _read(folder: Path, text: str, name: str = "production") -> Deployment:
    path = folder / "ecosystem.toml"
    path.write_text(text if "[[apps]]" in text else f"[[apps]]\n{text}")
    return read(str(path), name, str(folder), {"BRANCH": "main"})


def test_every_key_is_read(tmp_path: Path) -> None:
    assert _read(tmp_path, GOOD) == Deployment(
        name="production",
        hosts=("web1", "web2"),
        repo="git@example.org:shop.git",
        path="/var/www/shop",
        ref="origin/main",
        access=Access("www", 2222, "~/.ssh/deploy", ("StrictHostKeyChecking=accept-new",), True),
        hooks=Hooks("a", "b", "c", "python3 -m venv .venv && echo ${HOME}", "e"),
        env={"STAGE": "live"},
        shared=("logs/", ".env"),
        keep=3,
        parallel=2,
    )


def test_pm2s_file_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ecosystem.json"
    path.write_text(
        '{"apps": [{"script": "app.py", "env_production": {"A": "1"}}],'
        '"deploy": {"production": {"user": "node", "host": "212.83.163.1", "port": "22",'
        '"ref": "origin/master", "repo": "git@github.com:repo.git", "path": "/var/www/production",'
        '"fetch": "fast", "ssh_options": ["ForwardAgent=yes"],'
        '"post-deploy": "npm install && pm2 reload ecosystem.json --env production"}}}'
    )
    found = read(str(path), "production", str(tmp_path), {})
    assert (found.access.port, found.environment, found.file) == (22, "production", path.name)
    err = capsys.readouterr().err
    assert "`fetch` changes nothing" in err
    assert "belongs to `pre-deploy`" in err


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _read(
            tmp_path,
            '[deploy.production]\nhots = "web1"\nhost = "-oProxyCommand=x"\npath = "app"\n'
            'keep = 0\nshared = ["../etc"]\nenv = { "A-B" = "1" }\n'
            'post-deploy = 3\nuser = "a\\nb"\n',
        )
    said = "\n".join(caught.value.lines)
    assert "[deploy.production]: unknown key `hots`; did you mean `host`?" in said
    for key in ("host", "path", "keep", "shared", "env", "post-deploy", "user"):
        assert f"[deploy.production]: {key}: " in said
    assert "`repo` is missing" in said
    assert len(caught.value.lines) == 9


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("host", "[]"), ("host", '["a", "a"]'), ("host", '"a b"'), ("host", "3"),
        ("repo", '"--upload-pack=x"'), ("ref", '"-x"'), ("ref", '""'), ("path", '"/"'),
        ("path", '"/a/../.."'), ("path", '"~"'), ("shared", '["/etc"]'), ("shared", '["."]'),
        ("shared", '["a/", "a/b"]'), ("port", "true"), ("port", '"ssh"'), ("keep", "-1"),
        ("forward-agent", '"yes"'), ("env", '{ A = "a\\u0000b" }'),
    ],
)  # fmt: skip
def test_a_value_that_would_do_harm_is_refused(tmp_path: Path, key: str, value: str) -> None:
    lines = {"host": '"web1"', "repo": '"r"', "path": '"/a"', key: value}
    text = "[deploy.production]\n" + "".join(f"{k} = {v}\n" for k, v in lines.items())
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, text)
    assert caught.value.lines[0].startswith(f"[deploy.production]: {key}: ")


def test_a_name_that_is_not_there_is_said_with_the_near_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        _read(tmp_path, GOOD, "prodution")
    assert "no table [deploy.prodution]" in caught.value.message
    assert "`production`" in caught.value.hint


def test_the_file_is_named_from_the_top_of_its_repository(tmp_path: Path) -> None:
    folder = tmp_path / "services" / "shop"
    folder.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    assert _read(folder, GOOD).file == "services/shop/ecosystem.toml"


def test_the_page_and_the_schema_have_every_key() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "deploy.md").read_text()
    table = page.split("## Keys")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(re.findall("`([^`]+)`", "".join(rows))) == sorted(KEYS)
    made = schema()["$defs"]["deployment"]["properties"]
    assert made.keys() == {*KEYS, *ALIASES, *MEANINGLESS}


def test_the_schema_accepts_what_is_read(tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    for text, valid in ((GOOD, True), (GOOD.replace("user =", "usr ="), False)):
        path = tmp_path / "ecosystem.toml"
        path.write_text(text)
        assert validator.is_valid(load(str(path))[0]) == valid
