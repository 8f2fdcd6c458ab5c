"""What can be typed after a command: options that several commands share, with their help."""

from __future__ import annotations

from typing import Annotated

import typer

LIVES, LOOK, LOGS, ADMIN = "Run", "Look", "Logs", "The daemon"
"""Groups of `pm --help`."""

Selectors = Annotated[
    list[str], typer.Argument(help="Names, ids, namespaces, /regexes/, `all`, or a file of apps.")
]
MaybeSelectors = Annotated[
    list[str] | None,
    typer.Argument(help="Names, ids, namespaces, /regexes/ or `all`; none means all."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
UpdateEnv = Annotated[
    bool, typer.Option("--update-env", "-a", help="Take over the environment of this shell.")
]
