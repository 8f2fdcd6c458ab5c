"""`pm apply`, `pm diff` and `pm export` as they are typed."""

from __future__ import annotations

from typing import Annotated

from .options import (
    FILES,
    Argument,
    Environment,
    Json,
    MaybeSelectors,
    Only,
    UpdateEnv,
    command,
    names_of,
    option,
)

File = Annotated[
    str, Argument("File of apps, or - for standard input; ecosystem.toml here if none.", "FILE")
]
Prune = Annotated[
    bool, option("--prune", text="Remove apps that came from this file and are no longer in it.")
]


@command(FILES, "apply")
def apply(
    file: File = "",
    dry_run: Annotated[
        bool,
        option("--dry-run", text="Only show what would be done; exit code 2 if that is something."),
    ] = False,
    prune: Prune = False,
    renew: Annotated[
        bool, option("--reload", text="Reload unchanged apps too: their code may have changed.")
    ] = False,
    only: Only = "",
    env: Environment = "",
    update_env: UpdateEnv = False,
    quiet: Annotated[
        bool, option("--quiet", "-q", text="Do not show the list at the end.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Make the list be as a file says: start, reload without a gap, scale, remove."""
    from pm.changes import Need

    from .commands import apply as body
    from .ecosystem.file import Choice

    least = Need.RELOAD if renew else Need.NOTHING
    choice = Choice(names_of(only), env)
    return body.apply(file, body.Options(choice, prune, update_env, least, quiet, as_json), dry_run)


@command(FILES, "diff")
def diff(
    file: File = "",
    prune: Prune = False,
    only: Only = "",
    env: Environment = "",
    update_env: UpdateEnv = False,
    as_json: Json = False,
) -> int:
    """Show what differs between a file and the list; exit code 1 if something does."""
    from .commands import apply as body
    from .ecosystem.file import Choice

    choice = Choice(names_of(only), env)
    return body.diff(file, body.Options(choice, prune, update_env, as_json=as_json))


@command(FILES, "export")
def export(
    selectors: MaybeSelectors = None,
    output: Annotated[
        str, option("-o", "--output", text="Write to this new file, mode 0600.", metavar="FILE")
    ] = "",
    force: Annotated[bool, option("--force", "-f", text="Replace a file.")] = False,
) -> int:
    """Print apps as an ecosystem file that `pm apply` takes (secrets masked on a terminal)."""
    from .commands import export as body

    return body.export(selectors or (), output, force)
