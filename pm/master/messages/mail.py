"""All that goes between the workers of an app beside connections: put together."""

from __future__ import annotations

from ..loop import Loop
from ..workers.crew import Crew
from .actions import Shell
from .postoffice import PostOffice
from .requests import Requests
from .shared import Shared


class Mail:
    """The post office of one app, its requests, and what the shell may ask."""

    def __init__(self, loop: Loop, crew: Crew) -> None:
        self.post = PostOffice(loop, crew)
        self.post.on_rest = crew.lives.look
        requests = Requests(loop, crew)
        self.post.on_end = requests.box_ended
        crew.lives.say_shutdown = self.post.say_shutdown
        self.shell = Shell(self.post, requests, crew)
        self.verbs = {**self.post.verbs, **requests.verbs, **Shared(loop).verbs}
        """What is to be answered on the workers' links (`Questions.others`)."""
