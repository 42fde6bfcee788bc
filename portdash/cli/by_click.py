"""Running a command as click reads it, and what click raises in portdash's own words."""

from collections.abc import Sequence

import click

from portdash.cli.group import misplaced_option, root
from portdash.errors import ExitCode, UsageError
from portdash.text import and_list

_NO_COMMAND: tuple[type[Exception], ...] = (
    (click.exceptions.NoArgsIsHelpError,) if hasattr(click.exceptions, "NoArgsIsHelpError") else ()
)
"""Its message is the whole help. An older click prints that itself."""


def invoke(arguments: Sequence[str]) -> int:
    """Run `portdash ARGUMENTS` and return the exit code."""
    with root.make_context("portdash", list(arguments)) as context:
        code = root.invoke(context)
    return code if isinstance(code, int) else ExitCode.YES


def complete(variable: str, instruction: str) -> int:
    """Answer the completion script of a shell, which asks by this variable; return the exit code."""
    from click.shell_completion import shell_complete  # noqa: PLC0415  only a shell asks for it

    return shell_complete(root, {}, "portdash", variable, instruction)


def meaning(error: Exception, arguments: Sequence[str]) -> BaseException | int:
    """Return what an exception of click's means: an exit code, an interrupt, or a wrong usage. Others are returned."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.Abort):
        return KeyboardInterrupt()
    return _wrong_usage(error, arguments) if isinstance(error, click.ClickException) else error


def _wrong_usage(error: click.ClickException, arguments: Sequence[str]) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if isinstance(context, click.Context) else "portdash"
    hint = f"see `{path} --help`"
    if isinstance(error, click.NoSuchOption):
        hint = misplaced_option(arguments, error.option_name) or hint
    if isinstance(context, click.Context) and isinstance(error, _NO_COMMAND):
        command = context.command
        named = command.list_commands(context) if isinstance(command, click.Group) else []
        return UsageError(f"`{path}` does nothing by itself", hint=f"there are {and_list(named)}; {hint}")
    return UsageError(error.format_message().rstrip("."), hint=hint)
