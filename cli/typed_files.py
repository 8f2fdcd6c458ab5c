"""Commands for files of apps, as they are typed."""

from __future__ import annotations

from .options import FILES, command


@command(FILES, "schema")
def schema() -> int:
    """Print the JSON Schema of files of apps, for editors."""
    from .commands import files

    return files.print_schema()
