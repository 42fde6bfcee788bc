"""Running a command so that whatever goes wrong ends as one line, or one JSON document, and the exit code agreed on."""

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from portdash.cli.context import debug_is_on
from portdash.cli.group import misplaced_option, root
from portdash.cli.output import emit_json, say
from portdash.errors import ExitCode, PortdashError, UsageError
from portdash.text import and_list, clean

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""
COMPLETE = "_PORTDASH_COMPLETE"
"""Variable through which a shell's completion script asks."""


def run(arguments: Sequence[str]) -> int:
    """Run `portdash ARGUMENTS` and return the exit code; what there is to say has been said."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    debug = "--debug" in options or debug_is_on(os.environ)
    if debug:
        _log_to_stderr()
    try:
        try:
            code = _dispatch(arguments)
            sys.stdout.flush()
        except Exception as error:  # noqa: BLE001  the outermost place: every error becomes one line here
            if debug and not isinstance(error, click.exceptions.Exit):
                _print_traceback(error)
            code = _answer(error, arguments, as_json="--json" in options)
            sys.stdout.flush()
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    except OSError as error:
        return _lost_output(error)
    return code


def _dispatch(arguments: Sequence[str]) -> int:
    if instruction := os.environ.get(COMPLETE):
        from click.shell_completion import shell_complete  # noqa: PLC0415  only a shell asks for it

        return shell_complete(root, {}, "portdash", COMPLETE, instruction)
    with root.make_context("portdash", list(arguments)) as context:
        code = root.invoke(context)
    return code if isinstance(code, int) else ExitCode.YES


def _log_to_stderr() -> None:
    import logging  # noqa: PLC0415  only with --debug

    from portdash.manager.log_handler import LogHandler  # noqa: PLC0415

    logging.basicConfig(level=logging.DEBUG, handlers=[LogHandler(sys.stderr)])


def _print_traceback(error: Exception) -> None:
    import traceback  # noqa: PLC0415  only with --debug

    for line in "".join(traceback.format_exception(error)).splitlines():
        say(line)


def _answer(error: Exception, arguments: Sequence[str], *, as_json: bool) -> int:
    """Say what went wrong and return the exit code."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, OSError) and _is_about_output(error):
        raise error
    if isinstance(error, click.Abort):
        say("interrupted")
        return INTERRUPTED
    known = _as_known(error, arguments)
    message, hint = clean(_one_line(known.message), limit=1000), clean(_one_line(known.hint), limit=1000)
    if as_json:
        emit_json({"error": {"code": known.code, "message": message, "hint": hint}})
    else:
        say(f"portdash: error: {message} ({hint})" if hint else f"portdash: error: {message}")
    return known.exit_code


def _as_known(error: Exception, arguments: Sequence[str]) -> PortdashError:
    if isinstance(error, PortdashError):
        return error
    if isinstance(error, click.ClickException):
        return _from_click(error, arguments)
    if isinstance(error, OSError) and error.filename is not None:
        reason = error.strerror or type(error).__name__
        return PortdashError(f"{error.filename}: {reason}", hint="check that the path exists and may be used")
    return _Internal(f"internal error: {type(error).__name__}: {error}")


class _Internal(PortdashError):
    code = "internal"
    default_hint = "this is a bug in portdash; the same command with --debug shows where"


_NO_COMMAND: tuple[type[Exception], ...] = (
    (click.exceptions.NoArgsIsHelpError,) if hasattr(click.exceptions, "NoArgsIsHelpError") else ()
)
"""Its message is the whole help. An older click prints that itself."""


def _from_click(error: click.ClickException, arguments: Sequence[str]) -> UsageError:
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


def _one_line(text: str) -> str:
    return " ".join(text.split("\n"))


def _is_about_output(error: OSError) -> bool:
    return isinstance(error, BrokenPipeError) or (error.filename is None and error.errno == errno.ENOSPC)


def _lost_output(error: OSError) -> int:
    """Let go of an output that takes no more: a reader such as `head` that has seen enough is no error."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return ExitCode.YES
    with suppress(OSError):
        say(f"portdash: error: the output could not be written: {error.strerror or error}")
    return ExitCode.NO
