"""The view of history: what happened to assignments, the newest first, and what this dashboard has said."""

from collections.abc import Iterable, Iterator

from portdash.dashboard.rows.cells import Cell, lay
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.layout import Column, Columns, Place
from portdash.dashboard.rows.prose import fact, heading, paragraph
from portdash.dashboard.rows.row import EventLine, Kind, Line, Row, Span, Tone
from portdash.dashboard.rows.times import clock_text, day_text, local_text
from portdash.model.history import Event, EventKind
from portdash.report.words import age, short_host
from portdash.text import clean

_TONES = {EventKind.CONFLICT: Tone.WARN, EventKind.TERMINATED: Tone.WARN, EventKind.FAILOVER: Tone.WARN}


OVER = frozenset({Column.SERVICE, Column.FROM_TO, Column.WHY})
"""Columns that have no word of what was said here."""


def event_rows(events: Iterable[Event], said: Iterable[tuple[int, Event]] = ()) -> Iterator[Row]:
    """Yield the rows, newest first; `said` are toasts with a number of their own."""
    lines = [(event.at, event.sequence, EventLine(event)) for event in events]
    lines += [(event.at, number, EventLine(event, is_said=True)) for number, event in said]
    for _at, number, line in sorted(lines, key=lambda each: each[:2], reverse=True):
        yield Row(Kind.EVENT, (Kind.EVENT, (line.is_said, number)), line)


def event_cells(line: EventLine, facts: Facts) -> dict[Column, Cell]:
    """Return what each column says of an event."""
    event = line.event
    name = clean(event.service)
    here = event.workspace == facts.snapshot.workspace and event.is_of(facts.snapshot.host)
    names = facts.names_of(event.workspace, name or "*", is_here=here) if name or event.workspace else ("",)
    if not event.is_of(facts.snapshot.host):
        host = short_host(event.host)
        names = (f"{names[0]} on host {host}", *(f"{each}, {host}" for each in names))
    action = "said" if line.is_said else event.kind.value
    tone = Tone.DIM if line.is_said else Tone.PLAIN
    return {
        Column.TIME: (tuple(dict.fromkeys((clock_text(event.at, facts.now), day_text(event.at, facts.now)))), Tone.DIM),
        Column.WHO: ((clean(event.actor) or "-",), Tone.DIM),
        Column.ACTION: ((action,), _TONES.get(event.kind, tone)),
        Column.SERVICE: (names, tone),
        Column.FROM_TO: ((change_text(event),), tone),
        Column.WHY: ((clean(event.reason),), tone),
    }


def said_line(line: EventLine, facts: Facts, columns: Columns) -> Line:
    """Return the line of what this dashboard said: the words take the room of all that it has no word for."""
    places = columns.services
    at = next((number for number, place in enumerate(places) if place.column is Column.SERVICE), len(places))
    room = sum(place.width for place in places[at:]) + len(places) - at - 1
    return lay(event_cells(line, facts), (*places[:at], Place(Column.WHY, max(0, room))))


def change_text(event: Event) -> str:
    """Return what became of the port, told as a way: `3000 → 3003`, `→ 3000` given, `3000 →` given back."""
    text = ports_text(event)
    if event.kind in (EventKind.ASSIGNED, EventKind.ADOPTED) and text.isdigit():
        return f"→ {text}"
    return f"{text} →" if event.kind is EventKind.RELEASED and text.isdigit() else text


def ports_text(event: Event) -> str:
    """Return what became of the port: `3000 → 3003`, `3000`, nothing."""
    before, after = event.from_port, event.to_port
    if before is not None and after is not None and before != after:
        return f"{before} → {after}"
    port = before if after is None else after
    return "" if port is None else str(port)


def tells_of_trouble(event: Event) -> bool:
    """Say whether `!` shows it: a conflict that began, a process that was ended, requests that had to go elsewhere."""
    return event.kind in _TONES


def event_text(line: EventLine) -> str:
    """Return all that an event says, in lower case, for the filter to look in."""
    event = line.event
    words = (event.kind.value, event.host, event.workspace, event.service, event.actor, event.reason, ports_text(event))
    return "\n".join(words).casefold()


def event_details(line: EventLine, facts: Facts, width: int) -> Iterator[Line]:
    """Yield what changed, by whom, and what of it is true still."""
    event = line.event
    if line.is_said:
        yield heading("SAID HERE", width)
        yield from paragraph(clean(event.reason), width)
        yield from fact("when", clock_text(event.at, facts.now), width)
        return
    yield heading("WHAT CHANGED", width, Span(f"{age(facts.now - event.at)} ago", Tone.DIM))
    yield from fact("service", f"{facts.label_of(event.workspace)}/{clean(event.service) or '*'}", width)
    if not event.is_of(facts.snapshot.host):
        yield from fact("on host", clean(event.host), width)
    yield from fact("action", event.kind.value, width)
    if ports := ports_text(event):
        yield from fact("port", ports, width)
    yield from fact("by", clean(event.actor) or "-", width)
    yield from fact("when", local_text(event.at, "%a %d %b %Y %H:%M:%S"), width)
    yield from fact("because", clean(event.reason, limit=None) or "-", width)
    if event.revision:
        yield from fact("revision", str(event.revision), width)
    yield ()
    yield heading("NOW", width)
    yield from fact("it is", _now(event, facts), width)


def _now(event: Event, facts: Facts) -> str:
    here = event.is_of(facts.snapshot.host)
    for view in facts.snapshot.services if here else facts.snapshot.remote:
        there = here or view.key.host == event.host
        if there and view.key.workspace == event.workspace and view.name.casefold() == event.service.casefold():
            port = "has no port" if view.port is None else f"has {view.port}"
            return f"{clean(view.name)} {port}"
    return "not known any more" if event.service else "-"
