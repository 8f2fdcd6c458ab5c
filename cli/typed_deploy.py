"""`pm deploy` as it is typed."""

from __future__ import annotations

from typing import Annotated

from .options import DEPLOY, Argument, Json, command, option

_WORDS = (
    "FILE, if it is not the ecosystem file here; NAME of a table deploy.NAME; then nothing or "
    "`update` (deploy the ref), or: setup (once), revert N, current, previous, list, exec CMD."
)


@command(DEPLOY, "deploy")
def deploy(
    words: Annotated[list[str] | None, Argument(_WORDS, "WORDS")] = None,
    ref: Annotated[str, option("--ref", text="Another branch, tag or commit.")] = "",
    as_json: Json = False,
) -> int:
    """Bring a release to other hosts over ssh, and go back by itself if it does not serve."""
    from .commands import deploy as body

    return body.deploy(words or (), ref, as_json)
