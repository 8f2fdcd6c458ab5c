"""What templates report: a pid for each launch, a remark, their own end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..workers.restart import Exit
from .generation import Generation

if TYPE_CHECKING:
    from ..app import App


class Templates:
    """Listens to the templates of an app."""

    def __init__(self, app: App) -> None:
        self._app = app

    def remark(self, text: str) -> None:
        """Keep a remark for `describe`."""
        self._app.news.remark(text)

    def forked(self, launch: int, pid: int) -> None:
        """Pass on the pid of a launch."""
        self._app.crew.forked(launch, pid)

    def template_ended(self, generation: Generation, launches: list[int]) -> None:
        """Take note that a template has died; its launches have failed with it."""

        def conclude(ended: Exit | None) -> None:
            for launch in launches:
                self._app.crew.lost(launch, ended, "the app's interpreter ended")
            self._renew(generation)

        self._app.words.of_template(generation.pid, conclude)

    def _renew(self, old: Generation) -> None:
        """Load the code again for slots whose template is gone: a new generation."""
        app = self._app
        slots = [s for s in app.slots.values() if s.generation is old and s.number in app.wanted]
        if not slots:
            return
        new = app.generations.new(old.spec)
        for slot in slots:
            slot.generation = new
        if app.generations.current is old:
            app.generations.current = new
        app.news.event(
            "note", f"template {old.pid} of generation {old.number} died: {new.number} follows"
        )
        if old.proven and any(slot.workers for slot in slots):
            try:
                app.generations.begin(new)
            except OSError as error:
                app.news.event("note", f"no new template: {error.strerror}")
