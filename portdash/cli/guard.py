"""Running a command so that whatever goes wrong ends as one line, or one JSON document, and the exit code agreed on."""

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from portdash.cli.context import debug_is_on
from portdash.cli.output import emit_json, say
from portdash.cli.plain import plain_command
from portdash.errors import ExitCode, PortdashError
from portdash.text import clean

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
            code = _answer(error, arguments, as_json="--json" in options, debug=debug)
            sys.stdout.flush()
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    except OSError as error:
        return _lost_output(error)
    return code


def _dispatch(arguments: Sequence[str]) -> int:
    instruction = os.environ.get(COMPLETE)
    if instruction is None and (command := plain_command(arguments)) is not None:
        return command()
    from portdash.cli.by_click import complete, invoke  # noqa: PLC0415  dearer to load than all a plain command does

    return complete(COMPLETE, instruction) if instruction else invoke(arguments)


def _log_to_stderr() -> None:
    import logging  # noqa: PLC0415  only with --debug

    from portdash.manager.log_handler import LogHandler  # noqa: PLC0415

    logging.basicConfig(level=logging.DEBUG, handlers=[LogHandler(sys.stderr)])


def _print_traceback(error: Exception) -> None:
    import traceback  # noqa: PLC0415  only with --debug

    for line in "".join(traceback.format_exception(error)).splitlines():
        say(line)


def _answer(error: Exception, arguments: Sequence[str], *, as_json: bool, debug: bool) -> int:
    """Say what went wrong and return the exit code."""
    met = _met(error, arguments)
    if isinstance(met, int):
        return met
    if debug:
        _print_traceback(error)
    if isinstance(met, KeyboardInterrupt):
        raise met from error
    if isinstance(met, OSError) and _is_about_output(met):
        raise met
    known = _as_known(met)
    message, hint = clean(_one_line(known.message), limit=1000), clean(_one_line(known.hint), limit=1000)
    if as_json:
        emit_json({"error": {"code": known.code, "message": message, "hint": hint}})
    else:
        say(f"portdash: error: {message} ({hint})" if hint else f"portdash: error: {message}")
    return known.exit_code


def _met(error: Exception, arguments: Sequence[str]) -> BaseException | int:
    """Return what was raised, or what it means where it is click's: an exit code, if that is all."""
    if "click" not in sys.modules:
        return error
    from portdash.cli.by_click import meaning  # noqa: PLC0415  see above

    return meaning(error, arguments)


def _as_known(error: BaseException) -> PortdashError:
    if isinstance(error, PortdashError):
        return error
    if isinstance(error, OSError) and error.filename is not None:
        reason = error.strerror or type(error).__name__
        return PortdashError(f"{error.filename}: {reason}", hint="check that the path exists and may be used")
    return _Internal(f"internal error: {type(error).__name__}: {error}")


class _Internal(PortdashError):
    code = "internal"
    default_hint = "this is a bug in portdash; the same command with --debug shows where"


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
