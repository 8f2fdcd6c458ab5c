"""The commands as a Typer app: help, completion, and what is wrong with a command line."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, cast

import typer
import typer.main

from pm.errors import UsageError

from .options import COMMANDS, PANELS, Command, Option, Rest
from .quick import Parameter, parameters

_CLICK_ERROR = cast("type[Exception]", typer.BadParameter.__mro__[2])
"""What every refusal of a command line is; its own name and place differ between releases."""


def run_typer(words: Sequence[str], rest: Sequence[str] | None) -> int:
    """Run the command line; `rest` are the words after `--`. Raises UsageError."""
    if rest is not None and words[:1] != ["start"]:
        words, rest = [*words, "--", *rest], None
    program = typer.main.get_command(build(tuple(rest or ())))
    try:
        code = program.main(list(words), prog_name="pm", standalone_mode=False)
    except typer.Abort:
        return 130
    except _CLICK_ERROR as error:
        raise _usage(error) from None
    return cast("int", code or 0)


def build(rest: tuple[str, ...] = ()) -> typer.Typer:
    """Return the app; `rest` is given to the command that takes the words after `--`."""
    app = typer.Typer(
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_main)
    for name, declared in sorted(COMMANDS.items(), key=lambda item: PANELS.index(item[1].panel)):
        app.command(
            name,
            help=_help(declared),
            rich_help_panel=declared.panel,
            hidden=name in declared.aliases,
            context_settings={"ignore_unknown_options": declared.numbers},
        )(_for_typer(declared, rest))
    return app


def _main(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", "-v", help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Print without colours.")] = False,
) -> int:
    """Run Python services, or any command, as a cluster that reloads without a gap."""
    del debug, no_color  # taken before Typer saw them: they count after a command too
    if version:
        from .commands import look

        return look.version()
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())
    return 0


def _help(declared: Command) -> str:
    also = f" (also: {', '.join(declared.aliases)})" if declared.aliases else ""
    return (declared.run.__doc__ or "").rstrip(".") + f"{also}."


def _for_typer(declared: Command, rest: tuple[str, ...]) -> Callable[..., int]:
    """Return the command's function with Typer's markers in the place of ours."""
    known = parameters(declared.run)
    given = {p.name: rest for p in known if isinstance(p.marker, Rest)}
    shown = [p for p in known if p.name not in given]

    @functools.wraps(declared.run)
    def run(**values: Any) -> int:
        return declared.run(**values, **given)

    signature = inspect.signature(declared.run)
    run.__annotations__ = {p.name: Annotated[p.kind, _marker(p)] for p in shown}
    run.__signature__ = signature.replace(  # type: ignore[attr-defined]  # read by inspect
        parameters=[
            signature.parameters[p.name].replace(annotation=run.__annotations__[p.name])
            for p in shown
        ]
    )
    del run.__wrapped__  # else its annotations would be read
    return run


def _marker(parameter: Parameter) -> Any:  # as Typer types its markers
    marker = parameter.marker
    if isinstance(marker, Option):
        return typer.Option(
            *marker.flags,
            help=marker.help or _help_of_key(marker.key, parameter.many),
            rich_help_panel=marker.panel,
            metavar=marker.metavar,
            parser=marker.parser,
        )
    assert not isinstance(marker, Rest)
    return typer.Argument(help=marker.help, metavar=marker.metavar)


def _help_of_key(key: str, many: bool) -> str:
    from .ecosystem.keys import explained

    return explained(key).replace("`", "") + (" Repeatable." if many else "")


def _usage(error: Exception) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "pm"
    said = getattr(error, "format_message", lambda: str(error))().replace("'", "`")
    text, _, guess = said.partition(" Did you mean ")
    text = text[:1].lower() + text[1:].rstrip(".")
    return UsageError(text, f"did you mean {guess}" if guess else f"`{path} --help` shows more")
