"""Who starts a server anew whenever a file changes. Data, in one table: ending the server alone would bring it back."""

from collections.abc import Sequence

from portdash.model.listener import Process
from portdash.named_tuple import NamedTuple
from portdash.planning.command_line import bare, program_of


class Reloader(NamedTuple):
    """One program that watches files and restarts what it has started."""

    label: str
    """What people call it, at most 11 characters."""
    programs: tuple[str, ...]
    """Names of the program, script or module that runs, in lower case."""
    words: tuple[str, ...] = ()
    """One of which must stand among its arguments or its interpreter's flags."""
    unless: tuple[str, ...] = ()
    """Words with which it does not reload."""


RELOADERS = (
    Reloader("nodemon", ("nodemon",)),
    Reloader("tsx watch", ("tsx", "cli"), ("watch",)),
    Reloader("tsnd", ("ts-node-dev", "tsnd")),
    Reloader("nest", ("nest",), ("--watch", "-w")),
    Reloader("node watch", ("node",), ("--watch", "--watch-path")),
    Reloader("django", ("manage", "django-admin", "django"), ("runserver", "runserver_plus"), ("--noreload",)),
    Reloader("flask", ("flask",), ("--debug", "--reload"), ("--no-reload",)),
    Reloader("uvicorn", ("uvicorn",), ("--reload",)),
    Reloader("fastapi", ("fastapi",), ("dev", "--reload"), ("--no-reload",)),
    Reloader("gunicorn", ("gunicorn",), ("--reload",)),
    Reloader("hypercorn", ("hypercorn",), ("--reload",)),
    Reloader("granian", ("granian",), ("--reload",)),
    Reloader("watchfiles", ("watchfiles",)),
    Reloader("watchmedo", ("watchmedo",)),
    Reloader("hupper", ("hupper", "pserve"), ("-m", "--reload")),
    Reloader("cargo watch", ("cargo-watch",)),
    Reloader("cargo watch", ("cargo",), ("watch",)),
    Reloader("bacon", ("bacon",)),
    Reloader("air", ("air",)),
    Reloader("reflex", ("reflex",), ("-r", "-g", "--regex", "--glob", "-s", "--start-service")),
    Reloader("wgo", ("wgo", "gow", "compiledaemon", "modd")),
    Reloader("dotnet", ("dotnet", "dotnet-watch"), ("watch",)),
    Reloader("rerun", ("rerun",)),
    Reloader("watchexec", ("watchexec",)),
    Reloader("entr", ("entr",), ("-r", "-rs", "-rc", "-cr", "-rz")),
)

_BY_PROGRAM: dict[str, list[Reloader]] = {}
for _each in RELOADERS:
    for _name in _each.programs:
        _BY_PROGRAM.setdefault(_name, []).append(_each)


def reloader_of(chain: Sequence[Process]) -> str | None:
    """Return the label of the nearest reloader among the processes above a server, None where there is none."""
    return next((label for process in chain if (label := _label_of(process))), None)


def _label_of(process: Process) -> str | None:
    command = process.command or ()
    program = program_of(process.name or "", command)
    for name in dict.fromkeys((bare(program.path).casefold(), program.name.casefold())):
        words = {*program.arguments, *program.flags}
        for each in _BY_PROGRAM.get(name, ()):
            if _is(each, words):
                return each.label
    flags = set(program.flags)  # what follows a script is the script's
    return next((each.label for each in _BY_PROGRAM.get(program.runner or "", ()) if _is(each, flags)), None)


def _is(reloader: Reloader, words: set[str]) -> bool:
    return (not reloader.words or bool(words.intersection(reloader.words))) and not words.intersection(reloader.unless)
