"""A git repository with a work tree and the bare one that it is pushed to."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_WHO = {
    "GIT_AUTHOR_NAME": "anna", "GIT_AUTHOR_EMAIL": "anna@example.org",
    "GIT_COMMITTER_NAME": "anna", "GIT_COMMITTER_EMAIL": "anna@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
}  # fmt: skip


class Repository:
    """`tree` is where one works, `origin` what hosts fetch from."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "tree"
        self.origin = folder / "origin.git"
        self.git("init", "--quiet", "--bare", "--initial-branch=main", self.origin, cwd=folder)
        self.git("init", "--quiet", "--initial-branch=main", self.tree, cwd=folder)
        self.git("remote", "add", "origin", self.origin)

    def push(self, files: dict[str, str]) -> str:
        """Commit these files (names to contents) beside the others and push; return the commit."""
        for name, text in files.items():
            path = self.tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        self.git("push", "--quiet", "origin", "HEAD:main")
        return self.git("rev-parse", "HEAD")

    def git(self, *words: object, cwd: Path | None = None) -> str:
        """Run git and return what it prints."""
        done = subprocess.run(
            ["git", *map(str, words)], cwd=cwd or self.tree, env=os.environ | _WHO, check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()
