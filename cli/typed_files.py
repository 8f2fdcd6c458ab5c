"""Commands for files of apps, as they are typed."""

from __future__ import annotations

from typing import Annotated

from .options import FILES, Argument, command, option

_WHAT = "Script or module:app; what the folder holds if none."


@command(FILES, "init", "ecosystem")
def init(
    what: Annotated[str, Argument(_WHAT, "WHAT")] = "",
    yes: Annotated[bool, option("--yes", "-y", text="Ask nothing.")] = False,
    force: Annotated[bool, option("--force", "-f", text="Overwrite the file.")] = False,
) -> int:
    """Write an ecosystem.toml for the Django, FastAPI, Flask or other app in this folder."""
    from .commands import init as body

    return body.init(what, yes, force)


@command(FILES, "schema")
def schema() -> int:
    """Print the JSON Schema of files of apps, for editors."""
    from .commands import files

    return files.print_schema()
