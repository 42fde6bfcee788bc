"""How far a project is on its way from hard-coded ports to assigned ones: eight steps, each with what was found."""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from portdash.exports.literals.forms import CODE, Form
from portdash.exports.literals.judging import Verdict
from portdash.exports.literals.patterns import Kind
from portdash.manager.deps import Deps
from portdash.manager.exporting import own_rows
from portdash.manager.scanning import Scan, Spot, scan
from portdash.model.snapshot import Snapshot
from portdash.record import record
from portdash.text import and_list, clean, plural

_IMPORTED = ("portdash", "port_manager")
"""Words of files that get ports from portdash."""
_FALLBACK = ("on_failure", "NullPortManager", "endpoint(")
"""Words of programs that go on without a store."""
_LOGGED = ("portdash.allocation", "LogHandler")
"""Words of programs that tell what becomes of allocations."""
_LOCAL = (Kind.URL, Kind.ADDRESS)


class StepState(StrEnum):
    """How far one step is."""

    DONE = "done"
    OPEN = "open"
    BY_HAND = "by_hand"
    """Only a person can tell."""


@record(kw_only=True)
class Step:
    """One step of the checklist."""

    title: str
    state: StepState
    found: str
    """What there is of it, in one line; clean."""
    hint: str | None = None
    """How to go on; None where it is done."""


def migration_steps(deps: Deps, snapshot: Snapshot, root: Path) -> tuple[Step, ...]:
    """Return the eight steps in their order. Raises UsageError for a path that is not there."""
    found = scan(deps, snapshot, root, docs=True, words=(*_IMPORTED, *_FALLBACK, *_LOGGED))
    code = [each for each in found.spots if each.form is not Form.DOCS]
    return tuple(
        step
        for steps in (
            _ports_from_outside(found, code),
            _calls(code),
            _fallback(found, code),
            _registry(deps, snapshot, code),
            _discovery(code),
            _logging(found),
            _tests(found),
            _documentation(found),
        )
        for step in steps
    )


def _ports_from_outside(found: Scan, code: list[Spot]) -> Iterator[Step]:
    outside = [each for each in code if each.judged.literal.kind is Kind.ENV_DEFAULT]
    users = sum(found.mentions[word] for word in _IMPORTED)
    fixed = [each for each in _listening(code) if each.form in CODE]
    yield Step(
        title="services take their port from outside",
        state=StepState.OPEN if fixed else StepState.DONE if outside or users else StepState.BY_HAND,
        found=f"{plural(len(outside), 'port')} from a variable, {plural(users, 'file')} that name portdash, "
        f"{len(fixed)} fixed in code{_places(fixed)}",
        hint="read the variable that `portdash export` writes, or call `portdash.allocate`" if fixed else None,
    )


def _calls(code: list[Spot]) -> Iterator[Step]:
    fixed = [each for each in code if _is_fixed(each) and each.judged.literal.kind not in _LOCAL]
    yield Step(
        title="hard-coded ports are replaced",
        state=StepState.OPEN if fixed else StepState.DONE,
        found=f"{plural(len(fixed), 'hard-coded port')}{_places(fixed)}",
        hint="`portdash scan --fix` prints what might stand instead" if fixed else None,
    )


def _fallback(found: Scan, code: list[Spot]) -> Iterator[Step]:
    defaults = sum(1 for each in code if each.judged.literal.kind is Kind.ENV_DEFAULT)
    programs = sum(found.mentions[word] for word in _FALLBACK)
    yield Step(
        title="services start without an assignment, too",
        state=StepState.DONE if defaults or programs else StepState.BY_HAND,
        found=f"{plural(defaults, 'variable')} with a default, {plural(programs, 'place')} with a fallback of portdash",
        hint=None if defaults or programs else '`on_failure="default"`, or a default beside the variable',
    )


def _registry(deps: Deps, snapshot: Snapshot, code: list[Spot]) -> Iterator[Step]:
    declared = {each.key.service for each in snapshot.declarations}
    rows = own_rows(deps, snapshot)
    missing = sorted({each.judged.literal.port for each in code if each.judged.verdict is Verdict.UNASSIGNED})
    known = f"{plural(len(declared), 'service')} declared, {plural(len(rows), 'port')} assigned"
    yield Step(
        title="services are declared",
        state=StepState.OPEN if missing or not (declared or rows) else StepState.DONE,
        found=known + (f"; ports of no service: {_some(list(map(str, missing)))}" if missing else ""),
        hint="`portdash add NAME --preferred PORT` declares one" if missing or not (declared or rows) else None,
    )


def _discovery(code: list[Spot]) -> Iterator[Step]:
    fixed = [each for each in code if each.judged.literal.kind in _LOCAL and _is_fixed(each)]
    yield Step(
        title="clients find services by name",
        state=StepState.OPEN if fixed else StepState.DONE,
        found=f"{plural(len(fixed), 'address', 'addresses')} with a port{_places(fixed)}",
        hint="`portdash url NAME`, `portdash.endpoint(NAME)`, or the variable of the service" if fixed else None,
    )


def _logging(found: Scan) -> Iterator[Step]:
    users = sum(found.mentions[word] for word in _LOGGED)
    yield Step(
        title="allocations are logged",
        state=StepState.DONE if users else StepState.BY_HAND,
        found=f"{plural(users, 'file')} with the logger portdash.allocation",
        hint=None if users else "`portdash history` keeps every change; a program hears them on that logger",
    )


def _tests(found: Scan) -> Iterator[Step]:
    users = found.mentions["NullPortManager"]
    yield Step(
        title="start-up is tested with and without portdash",
        state=StepState.DONE if users else StepState.BY_HAND,
        found=f"{plural(users, 'file')} with a NullPortManager",
        hint=None if users else "start the services once with PORTDASH_STORE set to a place that cannot be used",
    )


def _documentation(found: Scan) -> Iterator[Step]:
    told = [each for each in found.spots if each.form is Form.DOCS and not each.judged.verdict.is_fine]
    yield Step(
        title="documentation names the ports there are",
        state=StepState.OPEN if told else StepState.DONE,
        found=f"{plural(len(told), 'port')} that {'is' if len(told) == 1 else 'are'} not as assigned{_places(told)}",
        hint="`portdash scan --docs` lists them; `portdash status --markdown` writes a table" if told else None,
    )


def _is_fixed(spot: Spot) -> bool:
    """Say whether a port is fixed, be it that of its service today."""
    return spot.judged.literal.kind is not Kind.ENV_DEFAULT and spot.judged.verdict is not Verdict.IN_CONTAINER


def _listening(code: list[Spot]) -> list[Spot]:
    return [each for each in code if _is_fixed(each) and each.judged.literal.kind in (Kind.LISTEN, Kind.SETTING)]


def _places(spots: list[Spot]) -> str:
    """Return `: src/app.py (3), web/vite.config.ts`, the files with most of them first; nothing for none."""
    counts = Counter(each.path for each in spots)
    said = [
        f"{clean(path)} ({count})" if count > 1 else clean(path)
        for path, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return f": {_some(said)}" if said else ""


def _some(words: list[str], most: int = 4) -> str:
    return and_list(words) if len(words) <= most else f"{', '.join(words[:most])} and {len(words) - most} more"
