"""`portdash doctor`."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from portdash.cli.context import Globals, home, working_directory
from portdash.cli.options import json_option
from portdash.cli.output import Tone, emit, emit_json, say
from portdash.errors import ExitCode, UsageError
from portdash.machine.clipboard import programs
from portdash.manager.doctor import Patient, Terminal, examine_all
from portdash.manager.migration import Step, StepState, migration_steps
from portdash.model.checkup import Check, Level
from portdash.text import clean, plural

_TONES = {Level.OK: Tone.PLAIN, Level.WARN: Tone.WARNING, Level.FAIL: Tone.BAD}
_BOXES = {StepState.DONE: "[x]", StepState.OPEN: "[ ]", StepState.BY_HAND: "[?]"}


@click.command("doctor")
@click.option("--migration", is_flag=True, help="Instead show how far a directory is on its way to assigned ports.")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def command(options: Globals, *, migration: bool, path: Path | None, as_json: bool) -> int:
    """Examine the store, the configuration, the ports and the machine, and say what to do.

    Every line is ok, warn or fail; nothing is changed, and nothing is sent to any server. Exit code 1 means that
    something fails. With --migration the checklist of moving a project to assigned ports is shown, with what is found
    in PATH or the working directory: [x] done, [ ] open, [?] to be looked at by a person; exit code 1 while a step is
    open.
    """
    if migration:
        return _migration(options, path or Path(), as_json=as_json)
    if path is not None:
        raise UsageError(
            f"doctor takes no path without --migration: {clean(str(path), limit=60)!r}",
            hint="`portdash doctor --migration PATH` looks into a project",
        )
    checks = examine_all(
        Patient(
            flags=options.flags(),
            cwd=working_directory(),
            environ=os.environ,
            home=home(),
            terminal=_terminal(),
        )
    )
    if as_json:
        emit_json({"healthy": _is_healthy(checks), "checks": [_check_json(each) for each in checks]})
    else:
        _tell(checks)
    return ExitCode.YES if _is_healthy(checks) else ExitCode.NO


def _terminal() -> Terminal:
    return Terminal(
        is_one=sys.stdout.isatty(),
        encoding=sys.stdout.encoding or "ascii",
        kind=os.environ.get("TERM", ""),
        copies_with=tuple(argv[0] for argv in programs(os.environ, shutil.which)),
    )


def _is_healthy(checks: Sequence[Check]) -> bool:
    return all(each.level is not Level.FAIL for each in checks)


def _tell(checks: Sequence[Check]) -> None:
    section = None
    for each in checks:
        if each.section != section:
            section = each.section
            emit(section, Tone.HEADING)
        emit(f"  {each.level.value:<4}  {each.text}", _TONES[each.level])
        if each.hint:
            emit(f"        {clean(each.hint, limit=None)}")
    counts = {level: sum(1 for each in checks if each.level is level) for level in Level}
    say(f"{counts[Level.FAIL]} fail, {plural(counts[Level.WARN], 'warning')}, {counts[Level.OK]} ok")


def _check_json(check: Check) -> dict[str, object]:
    return {
        "section": check.section,
        "level": check.level.value,
        "text": check.text,
        "hint": clean(check.hint, limit=None) if check.hint else None,
    }


def _migration(options: Globals, path: Path, *, as_json: bool) -> int:
    with options.deps() as deps:
        steps = migration_steps(deps, deps.observer.snapshot(), working_directory() / path)
    is_open = any(each.state is StepState.OPEN for each in steps)
    if as_json:
        emit_json(
            {"finished": not is_open, "steps": [_step_json(number, each) for number, each in enumerate(steps, 1)]}
        )
    else:
        for number, each in enumerate(steps, 1):
            emit(
                f"{number}. {_BOXES[each.state]} {each.title}", Tone.BAD if each.state is StepState.OPEN else Tone.PLAIN
            )
            emit(f"       {each.found}")
            if each.hint:
                emit(f"       {each.hint}")
    return ExitCode.NO if is_open else ExitCode.YES


def _step_json(number: int, step: Step) -> dict[str, object]:
    return {
        "step": number,
        "title": step.title,
        "state": step.state.value,
        "found": clean(step.found, limit=None),
        "hint": step.hint,
    }
