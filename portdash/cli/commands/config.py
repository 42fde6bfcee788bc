"""`portdash config show`, `check` and `path`."""

import json
import os
from collections.abc import Iterator

import click

from portdash.cli.context import Globals, home, working_directory
from portdash.cli.options import json_option
from portdash.cli.output import Tone, emit, emit_json, emit_lines, say, warn
from portdash.cli.settings_text import settings
from portdash.config.loading import check, load
from portdash.config.paths import state_dir, user_file
from portdash.config.problems import Problem
from portdash.config.settings import Config
from portdash.config.urls import redacted
from portdash.errors import ExitCode
from portdash.machine.limits import read_limits
from portdash.manager.allocate import MOST_TOLD
from portdash.planning.withheld import Withheld, withheld
from portdash.report.words import trail
from portdash.text import clean, columns, plural


@click.group("config")
def command() -> None:
    """Show and check the configuration."""


@command.command("show")
@json_option
@click.pass_obj
def show(options: Globals, *, as_json: bool) -> None:
    """Show every setting in force, and where it comes from."""
    config = _load(options)
    values = [(key, value, str(config.origin(key))) for key, value in settings(config)]
    if as_json:
        emit_json(
            {
                "files": [str(path) for path in config.files],
                "values": {key: {"value": value, "origin": origin} for key, value, origin in values},
            }
        )
        return
    for warning in config.warnings:
        warn(warning)
    rows = [(clean(key), clean(_shown(value), limit=100), origin) for key, value, origin in values]
    heading, *lines = columns([("KEY", "VALUE", "FROM"), *rows])
    emit(heading, Tone.HEADING)
    emit_lines(lines)


@command.command("check")
@json_option
@click.pass_obj
def check_all(options: Globals, *, as_json: bool) -> int:
    """Find everything that is wrong in the configuration.

    In the environment in force and in all others that the files declare. Exit code 2 means that something is. A range
    of which this machine can give no port counts, one of which it can give some is a warning.
    """
    problems = check(cwd=working_directory(), environ=os.environ, flags=options.flags(), home=home())
    config = None if problems else _load(options)
    partly: list[Problem] = []
    if config is not None:
        problems = tuple(_wrong_keys(config))
        found = [(each.is_all, _problem(config, each)) for each in withheld(config, read_limits())]
        problems += tuple(problem for is_all, problem in found if is_all)
        partly = [problem for is_all, problem in found if not is_all]
    if as_json:
        keys = ("place", "key", "value", "message", "hint")
        emit_json({"problems": [{key: getattr(problem, key) for key in keys} for problem in problems]})
        return ExitCode.USAGE if problems else ExitCode.YES
    for problem in problems:
        emit(f"{problem} ({problem.hint})" if problem.hint else str(problem), Tone.BAD)
    for warning in (*(config.warnings if config else ()), *map(str, partly)):
        warn(warning)
    if problems or config is None:
        say(plural(len(problems), "problem"))
        return ExitCode.USAGE
    say(f"nothing is wrong in {plural(len(config.files), 'file')}")
    return ExitCode.YES


@command.command("path")
@json_option
@click.pass_obj
def path(options: Globals, *, as_json: bool) -> None:
    """Show which files are read, and where the assignments are kept."""
    config = _load(options)
    where = user_file(os.environ, home())
    facts: dict[str, str | None] = {
        "user_file": str(where),
        "project_file": str(config.project_file) if config.project_file else None,
        "state_directory": str(state_dir(os.environ, home())),
        "store": redacted(config.store),
    }
    if as_json:
        emit_json({**facts, "files": [str(each) for each in config.files]})
        return
    notes = {
        "user_file": "" if where in config.files else "(not there)",
        "project_file": "" if config.project_file in config.files else "(none found)",
    }
    emit_lines(columns([(name, clean(value or "-", limit=None), notes.get(name, "")) for name, value in facts.items()]))


def _wrong_keys(config: Config) -> Iterator[Problem]:
    """Yield what the dashboard would not start with."""
    if not config.keys:
        return
    from portdash.dashboard.keymap import mistakes  # noqa: PLC0415  with what a key is comes the toolkit

    for each in mistakes(config.keys):
        key = f"keys.{clean(each.name)}"
        value = None if each.text is None else clean(each.text) or '""'
        yield Problem(str(config.origin(f"keys.{each.name}")), each.message, key=key, value=value, hint=each.hint)


def _problem(config: Config, found: Withheld) -> Problem:
    """Return what is wrong with a setting that names ports which this machine does not give."""
    told = list(trail(found.reasons))
    which = "no port of it can be had here" if found.is_all else "not every port of it can be had here"
    more = f"; {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return Problem(
        place=str(config.origin(found.key)),
        key=found.key,
        message=f"{which} ({'; '.join(told[:MOST_TOLD])}{more})",
        hint="`portdash ranges` shows what is free",
    )


def _load(options: Globals) -> Config:
    return load(cwd=working_directory(), environ=os.environ, flags=options.flags(), home=home())


def _shown(value: object) -> str:
    return "-" if value is None else value if isinstance(value, str) else json.dumps(value)
