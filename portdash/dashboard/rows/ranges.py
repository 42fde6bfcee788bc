"""The view of ranges: how full each is, and a strip of its ports in which a cursor goes about."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from portdash.dashboard import glyphs as g
from portdash.dashboard.rows.cells import Cell, lay
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.layout import Column, Columns
from portdash.dashboard.rows.prose import fact, heading, paragraph
from portdash.dashboard.rows.row import Kind, Line, RangeLine, Row, Span, Taken, Tone, Use
from portdash.dashboard.rows.words import state_of
from portdash.model.ports import PortRange
from portdash.planning.utilisation import utilisation
from portdash.report.ranges import notices
from portdash.text import clean, plural

STRIP = 64
"""Cells of the strip before anything was drawn."""


SIGNS = {
    Use.FREE: (g.FAILED, Tone.DIM, "free"),
    Use.ASSIGNED: (g.IDLE, Tone.PLAIN, "assigned, nobody runs"),
    Use.LISTENING: (g.STRANGER, Tone.PLAIN, "a listener that is no service"),
    Use.RUNNING: (g.RUNNING, Tone.OK, "a service runs"),
    Use.TROUBLE: (g.TROUBLE, Tone.WARN, "in trouble"),
}


def range_rows(facts: Facts) -> Iterator[Row]:
    """Yield a row for each range of the configuration, and one for the sequential search."""
    taken = taken_ports(facts)
    for use in utilisation(facts.snapshot):
        here = {port: each for port, each in taken.items() if port in use.ports}
        yield Row(Kind.RANGE, (Kind.RANGE, (use.name, use.ports.first, use.ports.last)), RangeLine(use, here))


def taken_ports(facts: Facts) -> Mapping[int, tuple[Taken, ...]]:
    """Return all that is on any port, worst first."""
    found: defaultdict[int, list[Taken]] = defaultdict(list)
    for view in facts.snapshot.services:
        if view.port is None:
            continue
        state = state_of(view)
        use = Use.TROUBLE if state.is_trouble else Use.RUNNING if view.is_running else Use.ASSIGNED
        name = facts.full_name(view)
        found[view.port].append(Taken(view.port, use, f"{name} {state.word}"))
    for other in facts.others:
        found[other.listener.port].append(Taken(other.listener.port, Use.LISTENING, other.listener.label))
    for row in facts.snapshot.assignments.values():
        if row.port not in found:
            found[row.port].append(Taken(row.port, Use.ASSIGNED, f"{row.key.workspace}/{row.name}"))
    return {port: tuple(sorted(each, key=lambda one: -one.use)) for port, each in found.items()}


def bucket(ports: PortRange, cells: int, number: int) -> PortRange:
    """Return the ports of one cell of a strip of `cells` cells."""
    count = len(ports)
    cells = min(cells, count)
    number = max(0, min(number, cells - 1))
    return PortRange(ports.first + count * number // cells, ports.first + count * (number + 1) // cells - 1)


def cells_of(ports: PortRange, cells: int) -> int:
    """Return how many cells the strip of a range really has: never more than it has ports."""
    return min(cells, len(ports))


def strip_width(columns: Columns) -> int:
    """Return how many cells there are for a strip."""
    return next((place.width for place in columns.services if place.column is Column.STRIP), STRIP)


def range_line(line: RangeLine, columns: Columns, at: int | None = None) -> Line:
    """Return the line of a range; the bucket `at` in reverse, where the cursor is on its row."""
    cells = range_cells(line)
    places = tuple(place for place in columns.services if place.column is not Column.STRIP)
    return (*lay(cells, places), Span(" "), *_strip(line, strip_width(columns), at))


def range_cells(line: RangeLine) -> dict[Column, Cell]:
    """Return what each column but the strip says of a range."""
    use = line.use
    percent = f"{use.percent:.0f}%" if use.percent >= 1 or not use.used else "<1%"
    return {
        Column.NAME: ((clean(use.name),), Tone.PLAIN),
        Column.PORTS: ((str(use.ports),), Tone.PLAIN),
        Column.PRIO: ((str(use.priority),), Tone.DIM),
        Column.USED: ((f"{use.used} {percent:>4}", str(use.used)), Tone.PLAIN),
    }


def _strip(line: RangeLine, width: int, at: int | None) -> Iterator[Span]:
    ports = line.use.ports
    worst: defaultdict[int, Use] = defaultdict(lambda: Use.FREE)
    cells = cells_of(ports, width)
    at = None if at is None else min(at, cells - 1)
    for port, taken in line.taken.items():
        number = ((port - ports.first + 1) * cells - 1) // len(ports)
        worst[number] = max(worst[number], taken[0].use)
    for number in range(cells):
        glyph, tone, _word = SIGNS[worst[number]]
        yield Span(glyph, Tone.CURSOR if number == at else tone)


def bucket_text(line: RangeLine, cells: int, at: int) -> str:
    """Say in a line what is on the ports of a bucket."""
    ports = bucket(line.use.ports, cells, at)
    found = [each for port, several in line.taken.items() if port in ports for each in several[:1]]
    if not found:
        return f"{ports_text(ports)}: free"
    names = ", ".join(f"{each.port} {clean(each.text)}" for each in sorted(found))
    return f"{ports_text(ports)}: {names}"


def ports_text(ports: PortRange) -> str:
    """Return `3000-3009`, or `3000` for a range of one."""
    return str(ports.first) if ports.first == ports.last else f"{ports.first}-{ports.last}"


def range_details(line: RangeLine, facts: Facts, width: int, cells: int, at: int) -> Iterator[Line]:
    """Yield what is on the bucket under the cursor, how full the range is, and what is odd about it."""
    use = line.use
    ports = bucket(use.ports, cells, at)
    yield heading(f"PORTS {ports_text(ports)}", width, Span(facts.keys.hint("details", "shows the rows"), Tone.DIM))
    found = sorted(
        (each for port, several in line.taken.items() if port in ports for each in several),
        key=lambda one: (one.port, -one.use),
    )
    for each in found:
        glyph, tone, _word = SIGNS[each.use]
        yield (Span("  "), Span(glyph, tone), Span(f" {each.port:<6} {clean(each.text)}"))
    if not found:
        yield from paragraph("free, all of them", width)
    yield ()
    yield heading(f"RANGE {clean(use.name)}", width)
    yield from fact("ports", f"{use.ports}, {plural(use.total, 'port')}", width)
    yield from fact("type", clean(use.type) if use.type else "whatever asks for nothing", width)
    yield from fact("priority", str(use.priority), width)
    yield from fact("used", f"{use.used}: {use.assigned} assigned, {use.listening} listened on", width)
    yield from fact("unusable", str(use.unusable), width)
    yield from fact("free", str(use.free), width)
    for notice in notices((use,)):
        yield from paragraph(notice, width, g.TROUBLE, Tone.WARN)
    yield ()
    yield heading("SIGNS", width)
    for glyph, tone, word in SIGNS.values():
        yield (Span("  "), Span(glyph, tone), Span(f"  {word}"))
