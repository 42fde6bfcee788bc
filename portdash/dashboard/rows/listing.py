"""The list of the main screen: services by workspace, then other listeners, in one scroll."""

from collections.abc import Iterator
from functools import cached_property

from portdash.dashboard.rows import texts
from portdash.dashboard.rows.drawing import Beside
from portdash.dashboard.rows.facts import Facts, is_in
from portdash.dashboard.rows.filtering import Filter
from portdash.dashboard.rows.matching import matches
from portdash.dashboard.rows.prose import wrapped
from portdash.dashboard.rows.row import (
    OTHERS_KEY,
    SYSTEM_KEY,
    Group,
    Kind,
    Other,
    OthersLine,
    Row,
    RowKey,
    SystemLine,
    TextLine,
    service_row_key,
)
from portdash.dashboard.rows.sorting import sort_rows
from portdash.dashboard.rows.view import Sort, View
from portdash.dashboard.rows.words import state_of
from portdash.model.history import Event
from portdash.model.snapshot import ServiceView
from portdash.record import field, record

_HEADED = frozenset({Kind.SERVICE, Kind.SOCKET, Kind.CONFLICT, Kind.RANGE, Kind.EVENT})
"""Rows that stand under the heads of columns."""


@record
class ListState:
    """What the person at the keyboard chose to see."""

    folded: frozenset[RowKey] = frozenset({SYSTEM_KEY})
    filter: Filter = field(default_factory=Filter)
    only: str | None = None
    """The workspace that the list is narrowed to."""
    view: View = View.SERVICES
    sort: Sort = Sort()
    beside: Beside = Beside()
    said: tuple[tuple[int, Event], ...] = ()
    """What this dashboard has said, numbered, for the view of history."""
    width: int = 0
    """Cells of a line, for the rows that are prose; 0 while nobody knows."""


@record(slots=False)
class Listing:
    """The rows shown, in order."""

    rows: tuple[Row, ...]
    facts: Facts
    state: ListState = field(default_factory=ListState)
    hidden: int = field(default=0)
    """Services and listeners that the filter or the scope leaves out."""

    @cached_property
    def index(self) -> dict[RowKey, int]:
        """Where each row stands."""
        return {row.key: number for number, row in enumerate(self.rows)}

    @cached_property
    def others_start(self) -> int:
        """Number of the first row that belongs to the other listeners."""
        return next((n for n, row in enumerate(self.rows) if row.kind is Kind.OTHERS), len(self.rows))

    @cached_property
    def has_heads(self) -> bool:
        """Whether there are rows for the heads of the columns to stand over."""
        return any(row.kind in _HEADED for row in self.rows)

    @cached_property
    def longest_name(self) -> int:
        """Characters of the longest service name."""
        return max((len(view.name) for group in self.facts.groups for view in group.views), default=0)


def build_listing(facts: Facts, state: ListState) -> Listing:
    """Return the rows to show. A folded group still shows its rows in trouble; a filter opens what it finds."""
    services, elsewhere = list(_service_rows(facts, state)), _elsewhere_rows(facts, state)
    rows = [*services, *elsewhere, *_first_run(facts, state), *_other_rows(facts, state)]
    hidden = len(facts.subjects) - sum(1 for row in rows if row.kind in (Kind.SERVICE, Kind.LISTENER))
    rows = rows if elsewhere else [*_empty_text(facts, state, rows), *rows]
    rows += _notices(facts, state.width)
    return Listing(tuple(rows), facts, state, hidden)


def _service_rows(facts: Facts, state: ListState) -> Iterator[Row]:
    for group in facts.groups:
        if state.only not in (None, group.workspace.name):
            continue
        rows = [Row(Kind.SERVICE, service_row_key(view), view) for view in group.views]
        rows = sort_rows(rows, state.sort, facts, state.beside)
        is_folded = group.key in state.folded and not state.filter.is_active
        if state.filter.is_active:
            rows = [row for row in rows if matches(state.filter, row, facts)]
            if not rows:
                continue
        elif is_folded:
            rows = [row for row in rows if _is_in_trouble(row)]
        yield Row(Kind.GROUP, group.key, group, is_folded)
        yield from rows


def _is_in_trouble(row: Row) -> bool:
    return isinstance(row.subject, ServiceView) and state_of(row.subject).is_trouble


def _other_rows(facts: Facts, state: ListState) -> Iterator[Row]:
    others = facts.others
    elsewhere = 0
    if state.only is not None:
        here = facts.snapshot.workspace_named(state.only)
        others = tuple(other for other in others if is_in(other, here))
        elsewhere = len(facts.others) - len(others)
    if state.filter.is_active:
        others = tuple(other for other in others if matches(state.filter, _listener_row(other), facts))
        if not others:
            return
    if not others and not elsewhere:
        return
    is_folded = OTHERS_KEY in state.folded and not state.filter.is_active
    near = sum(1 for other in others if other.is_near)
    if facts.groups:
        yield Row(Kind.OTHERS, OTHERS_KEY, OthersLine(len(others), near, elsewhere), is_folded)
        if is_folded or not others:
            return
        yield Row(Kind.HEAD, (Kind.HEAD, "others"), None)
    mine = [other for other in others if not other.is_system]
    system = tuple(other for other in others if other.is_system)
    yield from sort_rows(list(map(_listener_row, mine)), state.sort, facts, state.beside)
    if not system:
        return
    if state.filter.is_active:
        yield from map(_listener_row, system)
        return
    is_folded = SYSTEM_KEY in state.folded
    yield Row(Kind.SYSTEM, SYSTEM_KEY, SystemLine(system), is_folded)
    if not is_folded:
        yield from map(_listener_row, system)


def _listener_row(other: Other) -> Row:
    return Row(Kind.LISTENER, other.key, other)


def _first_run(facts: Facts, state: ListState) -> list[Row]:
    if facts.groups:
        return []
    rows = [] if state.filter.is_active else text_rows("first", texts.first_run(facts.keys))
    return [*rows, Row(Kind.HEAD, (Kind.HEAD, "others"), None)] if facts.others else rows


def _empty_text(facts: Facts, state: ListState, rows: list[Row]) -> list[Row]:
    """Say why the list is empty, where it is: a person must never wonder."""
    if not facts.groups and not state.filter.is_active:
        return []
    services = any(row.kind is Kind.SERVICE for row in rows)
    if state.filter.is_active and not any(row.kind in (Kind.SERVICE, Kind.LISTENER) for row in rows):
        if state.filter.is_trouble_alone:
            text = texts.no_trouble_shown(facts, state.only)
        else:
            text = texts.no_match(facts, state.filter, is_narrowed=state.only is not None)
        return text_rows("empty", (text,), state.width)
    has_group = any(row.kind is Kind.GROUP for row in rows)
    if state.only is not None and not services and not has_group and not state.filter.is_active:
        return text_rows("empty", (texts.empty_here(facts, state.only),), state.width)
    return []


def _elsewhere_rows(facts: Facts, state: ListState) -> list[Row]:
    """Say which services run where their URL says: they have no port here that anything could be done to."""
    is_here = state.only in (None, facts.snapshot.workspace)
    if not facts.elsewhere or not is_here or state.filter.terms or state.filter.trouble:
        return []
    longest = max(len(name) for name, _url in facts.elsewhere)
    wanted = tuple(
        f"   {name:<{longest}}  {url}  elsewhere: its url is fixed, it has no port here"
        for name, url in facts.elsewhere
        if all(needle in f"{name}\n{url}".casefold() for needle in state.filter.needles)
    )
    return text_rows("elsewhere", wanted)


def _notices(facts: Facts, width: int) -> list[Row]:
    lines = [line.replace(f"{facts.home}/", "~/") if facts.home != "/" else line for line in facts.snapshot.notices]
    if facts.snapshot.hidden_owners:
        lines.insert(0, texts.hidden_owners(facts.snapshot.hidden_owners))
    return text_rows("notice", tuple(f"  {line}" for line in lines), width)


def text_rows(name: str, lines: tuple[str, ...], width: int = 0) -> list[Row]:
    """Return lines that only say something; what is wider than `width` cells goes on below itself."""
    if width:
        lines = tuple(f"  {piece}".rstrip() for line in lines for piece in wrapped(line.lstrip(), max(10, width - 3)))
    return [Row(Kind.TEXT, (Kind.TEXT, (name, n)), TextLine(line)) for n, line in enumerate(lines)]


def group_of(row: Row, facts: Facts) -> RowKey | None:
    """Return the line that a row folds under."""
    subject = row.subject
    if isinstance(subject, Group):
        return subject.key
    if isinstance(subject, Other):
        return SYSTEM_KEY if subject.is_system else OTHERS_KEY
    if row.kind is Kind.SYSTEM:
        return OTHERS_KEY
    if row.kind is Kind.SERVICE:
        return next((group.key for group in facts.groups if any(view is subject for view in group.views)), None)
    return None


def folded_to_fit(facts: Facts, height: int) -> frozenset[RowKey]:
    """Choose what to fold at first so that the list fits `height`: other listeners, then groups from the last up.

    Ours is never folded, and neither is a list that has nothing but other listeners.
    """
    folded = {SYSTEM_KEY}
    order: list[RowKey] = [OTHERS_KEY, *(group.key for group in reversed(facts.groups) if not group.is_here)]
    for key in order if facts.groups else ():
        if len(build_listing(facts, ListState(frozenset(folded))).rows) <= height:
            break
        folded.add(key)
    return frozenset(folded)
