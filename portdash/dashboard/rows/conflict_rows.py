"""The view of conflicts, worst first, then services that answer badly or not at all."""

from collections.abc import Iterator, Mapping

from portdash.dashboard.rows import holders, words
from portdash.dashboard.rows.cells import Cell
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.layout import Column
from portdash.dashboard.rows.row import Kind, Row, Tone
from portdash.dashboard.rows.summary import troubles
from portdash.model.assignment import ServiceKey
from portdash.model.snapshot import ServiceView
from portdash.report.words import age, worst_conflict
from portdash.text import clean


def conflict_rows(facts: Facts) -> Iterator[Row]:
    """Yield a row for each service in trouble, and one for each further conflict that it has."""
    for key in troubles(facts):
        view = facts.subjects[key]
        assert isinstance(view, ServiceView)
        conflicts = [each for each in view.conflicts if not each.kind.is_notice]
        for conflict in conflicts:
            yield Row(Kind.CONFLICT, (Kind.CONFLICT, (conflict.kind, conflict.port, view.key)), view, conflict=conflict)
        if not conflicts:
            yield Row(Kind.CONFLICT, (Kind.CONFLICT, (view.key,)), view)


def conflict_cells(row: Row, facts: Facts, ways_out: Mapping[ServiceKey, tuple[str, ...]]) -> dict[Column, Cell]:
    """Return what each column says of a conflict; `ways_out` tells what resolving would do, where that is known."""
    view = row.subject
    assert isinstance(view, ServiceView)
    state = words.state_of(view)
    kind = row.conflict.kind.value.replace("_", " ") if row.conflict else state.word
    names = facts.names_of(view.key.workspace, view.name, is_here=view.key.workspace == facts.snapshot.workspace)
    holder = clean(row.conflict.holder or row.conflict.detail) if row.conflict else ""
    holder = holder or "".join(holders.held_by(view, facts)[:1]).lstrip("=~≠? ")
    server = holders.own_server(view)
    is_conflict = worst_conflict(view) is not None
    command, does = ("resolve", "shows the ways out") if is_conflict else ("refresh", "checks it again")
    out = f"{facts.keys.way(command)} {does}"
    return {
        Column.KIND: ((f"{state.glyph} {kind}",), state.tone),
        Column.SERVICE: (names, Tone.PLAIN),
        Column.PORT: (("-" if view.port is None else str(view.port),), Tone.PLAIN),
        Column.HOLDER: ((holder, _nearer(holder), server.label if server else holder), Tone.PLAIN),
        Column.SINCE: ((since_text(view, facts),), Tone.DIM),
        Column.WAY_OUT: (ways_out.get(view.key) or (out,), Tone.DIM),
    }


def _nearer(holder: str) -> str:
    """Return a holder without what started it: `node 4121 (shop@fix-login)`."""
    place, comma, _via = holder.partition(", ")
    return f"{place})" if comma and "(" in place and holder.endswith(")") else holder


def since(view: ServiceView) -> float | None:
    """Return the earliest time (unix) at which it can have come to this: server started, port assigned."""
    started = words.started_at(holders.own_server(view))
    assigned = view.assignment.assigned_at if view.assignment else None
    known = [each for each in (started, assigned) if each is not None]
    return max(known) if known else None


def since_text(view: ServiceView, facts: Facts) -> str:
    """Say for how long it can have been so at most."""
    at = since(view)
    return "" if at is None else age(facts.now - at)
