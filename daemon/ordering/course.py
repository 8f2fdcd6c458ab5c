"""What becomes of each app of one request, for those of its apps that wait for others."""

from __future__ import annotations

from collections.abc import Iterable


class Course:
    """The apps of one request: those that are not done yet, and those that failed."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.pending = set(names)
        self.failed: dict[str, str] = {}
        """Why, in words that follow "`db`, which"."""

    def done(self, name: str, failure: str = "") -> None:
        """Take note that an app's part has ended."""
        self.pending.discard(name)
        if failure:
            self.failed[name] = failure
