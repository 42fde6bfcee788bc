"""Examining everything portdash depends on: each part on its own, so that one which is broken hides no other."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path

from portdash.config.loading import examine, load
from portdash.config.paths import state_dir
from portdash.config.settings import Config, Flags
from portdash.errors import PortdashError, StoreOutdated
from portdash.exports.comparing import Freshness, Standing, compare_environment
from portdash.exports.variables import Variable
from portdash.machine.resources import read_resources, why_hidden
from portdash.manager.deps import Deps
from portdash.manager.exporting import export_variables, freshness
from portdash.manager.extras import EXTRAS, missing_packages
from portdash.manager.opening import open_deps
from portdash.manager.store_checkup import STORE, held_checks, place_checks
from portdash.manager.written import written_files
from portdash.model.checkup import Check, Level
from portdash.model.snapshot import Snapshot
from portdash.planning.checkup import conflict_checks, left_behind_checks, network_checks, port_checks, sight_checks
from portdash.planning.system_checkup import SYSTEM, system_checks
from portdash.record import record
from portdash.text import and_list, clean, plural

CONFIGURATION, ENVIRONMENT, TERMINAL, INSTALLED = "configuration", "environment", "terminal", "installed"
SECTIONS = (
    STORE, CONFIGURATION, ENVIRONMENT, "ports", "conflicts", "network", "sight", "left behind", SYSTEM, TERMINAL,
    INSTALLED,
)  # fmt: skip
"""In the order in which they are shown."""


@record(kw_only=True)
class Terminal:
    """What stands at the other end of standard output, as far as the caller knows."""

    is_one: bool
    encoding: str
    kind: str
    """The value of TERM."""
    copies_with: tuple[str, ...]
    """Programs that would take what is copied."""


@record(kw_only=True)
class Patient:
    """What is examined: how portdash was started, and where."""

    flags: Flags
    cwd: Path
    environ: Mapping[str, str]
    home: Path
    terminal: Terminal

    @property
    def state(self) -> Path:
        """The state directory."""
        return state_dir(self.environ, self.home)


def examine_all(patient: Patient) -> tuple[Check, ...]:
    """Return every check, by section. Nothing is sent to any listener, and nothing changed."""
    checks: list[Check] = []
    look_seconds = None
    config = _config(patient, checks)
    if config is not None:
        place = tuple(place_checks(config, patient.environ, patient.home))
        checks += place
        if not any(each.level is Level.FAIL for each in place):
            look_seconds = _open(patient, checks)
    checks += system_checks(read_resources(patient.state, look_seconds=look_seconds))
    checks += _terminal(patient.terminal)
    checks += _extras()
    return tuple(sorted(checks, key=lambda check: SECTIONS.index(check.section)))


def _config(patient: Patient, checks: list[Check]) -> Config | None:
    """Add what is to be said of the configuration; return it, None where it cannot be used."""
    try:
        problems, warnings = examine(cwd=patient.cwd, environ=patient.environ, flags=patient.flags, home=patient.home)
    except PortdashError as error:
        checks.append(_failed(CONFIGURATION, error))
        return None
    checks += [Check(section=CONFIGURATION, level=Level.FAIL, text=str(each), hint=each.hint) for each in problems]
    checks += [Check(section=CONFIGURATION, level=Level.WARN, text=clean(warning, limit=None)) for warning in warnings]
    try:
        config = load(cwd=patient.cwd, environ=patient.environ, flags=patient.flags, home=patient.home)
    except PortdashError as error:
        if not problems:
            checks.append(_failed(CONFIGURATION, error))
        return None
    if not config.trusted and config.project_file is not None:
        text = f"{clean(str(config.project_file), limit=None)} is not trusted: what only a trusted file may say waits"
        hint = "read it, then `portdash trust`"
        checks.append(Check(section=CONFIGURATION, level=Level.OK, text=text, hint=hint))
    if not problems:
        text = f"nothing is wrong in {plural(len(config.files), 'file')}; environment {clean(config.environment)}"
        checks.append(Check(section=CONFIGURATION, level=Level.OK, text=text))
    return config


def _open(patient: Patient, checks: list[Check]) -> float | None:
    """Add what store and machine tell; return how many seconds one look at all of it took."""
    try:
        deps = open_deps(
            flags=patient.flags._replace(read_only=True),
            cwd=patient.cwd,
            environ=patient.environ,
            home=patient.home,
            actor="cli",
        )
    except PortdashError as error:
        checks.append(_failed(STORE, error))
        return None
    with closing(deps):
        checks += held_checks(deps)
        try:
            began = time.perf_counter()
            snapshot = deps.observer.snapshot()
            seconds = time.perf_counter() - began
        except PortdashError as error:
            checks.append(_failed("sight", error))
            return None
        checks += _of_snapshot(deps, snapshot)
        checks += _environment(patient, deps, snapshot)
        return seconds


def _of_snapshot(deps: Deps, snapshot: Snapshot) -> Iterator[Check]:
    said = {*deps.config.warnings, *(deps.held.notices if deps.held else ())}
    fresh = replace(snapshot, notices=tuple(each for each in snapshot.notices if each not in said))
    leases = deps.held.leases.values() if deps.held else ()
    return chain(
        port_checks(snapshot),
        conflict_checks(snapshot),
        network_checks(snapshot),
        sight_checks(fresh, why_hidden=why_hidden() if snapshot.hidden_owners else None),
        left_behind_checks(snapshot, tuple(leases)),
    )


def _environment(patient: Patient, deps: Deps, snapshot: Snapshot) -> Iterator[Check]:
    """Yield how the environment and the written files stand to the store."""
    try:
        variables = export_variables(deps, snapshot)
    except PortdashError as error:
        yield _failed(ENVIRONMENT, error)
        return
    found: dict[Standing, list[str]] = {standing: [] for standing in Standing}
    for each in compare_environment(variables, patient.environ):
        if each.counts:
            found[each.standing].append(each.name)
    if differing := found[Standing.DIFFERS]:
        hint = "`portdash env` shows both sides; source the written files again"
        text = f"{and_list(differing)} {'differs' if len(differing) == 1 else 'differ'} from the store"
        yield Check(section=ENVIRONMENT, level=Level.WARN, text=text, hint=hint)
    if gone := found[Standing.GONE]:
        text = f"{and_list(gone)} {'is' if len(gone) == 1 else 'are'} set, and no service has that variable any more"
        yield Check(section=ENVIRONMENT, level=Level.WARN, text=text, hint=f"`unset {' '.join(gone)}`")
    if stale := _stale_files(patient, deps, variables):
        text = f"written files are not as the store: {and_list(stale)}"
        yield Check(section=ENVIRONMENT, level=Level.WARN, text=text, hint="`portdash export` writes them anew")
    if not (differing or gone or stale):
        same, unset = len(found[Standing.SAME]), len(found[Standing.UNSET])
        text = f"{plural(same, 'variable')} of this workspace set as in the store, {unset} not set"
        yield Check(section=ENVIRONMENT, level=Level.OK, text=text)


def _stale_files(patient: Patient, deps: Deps, variables: Sequence[Variable]) -> list[str]:
    """Return what is to be said of each written file that does not say what would be written now."""
    root = deps.place.workspace.root
    project = Path(root) if root else patient.cwd
    states = (
        (file, freshness(file, variables, project=project))
        for file in written_files(patient.state, deps.place, project=project)
    )
    return [
        f"{clean(file.path.name)} is {'not there' if state is Freshness.MISSING else 'older'}"
        for file, state in states
        if state is not Freshness.CURRENT
    ]


def _terminal(terminal: Terminal) -> Iterator[Check]:
    carries = terminal.encoding.casefold().replace("-", "").replace("_", "") in ("utf8", "utf8sig", "cp65001")
    text = f"output is {clean(terminal.encoding)}" + (f", TERM is {clean(terminal.kind)}" if terminal.kind else "")
    hint = "signs are written as ASCII; `export LANG=C.UTF-8` or PYTHONIOENCODING=utf-8 changes that"
    yield Check(section=TERMINAL, level=Level.OK if carries else Level.WARN, text=text, hint=None if carries else hint)
    if terminal.is_one and terminal.kind in ("", "dumb"):
        text = "the terminal can only write lines: the dashboard needs one that can be drawn on"
        yield Check(
            section=TERMINAL, level=Level.WARN, text=text, hint="set TERM to what it is, such as xterm-256color"
        )
    if terminal.copies_with:
        text = f"what is copied goes to {and_list(terminal.copies_with)}"
    else:
        text = "what is copied goes to the terminal alone, which may ignore it"
    yield Check(section=TERMINAL, level=Level.OK, text=text)


def _extras() -> Iterator[Check]:
    for extra in EXTRAS:
        missing = missing_packages(extra)
        text = f"extra {extra} is installed" if not missing else f"extra {extra} is not installed"
        hint = f"`python -m pip install 'portdash[{extra}]'`, if you need it" if missing else None
        yield Check(section=INSTALLED, level=Level.OK, text=text, hint=hint)


def _failed(section: str, error: PortdashError) -> Check:
    level = Level.WARN if isinstance(error, StoreOutdated) else Level.FAIL  # the next command settles that
    return Check(section=section, level=level, text=clean(error.message, limit=None), hint=error.hint)
