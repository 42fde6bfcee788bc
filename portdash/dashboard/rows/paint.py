"""Drawing one row: cells into columns, as a line of toned text of exact width."""

from portdash.dashboard import glyphs as g
from portdash.dashboard.rows import holders, words
from portdash.dashboard.rows.cells import RIGHT, Cell
from portdash.dashboard.rows.facts import HERE, Facts
from portdash.dashboard.rows.layout import (
    MARGIN,
    OTHER_HEADS,
    Column,
    Columns,
    Place,
    choose,
    cut_line,
    fit,
    justify,
    line_width,
)
from portdash.dashboard.rows.row import (
    Group,
    Line,
    Other,
    OthersLine,
    Row,
    Span,
    SystemLine,
    TextLine,
    Tone,
    service_row_key,
)
from portdash.dashboard.rows.trend import CELLS, trend
from portdash.manager.naming import suggest_name
from portdash.model.assignment import Source
from portdash.model.listener import Listener
from portdash.model.snapshot import ServiceView
from portdash.report.words import short_host
from portdash.text import plural


def paint(row: Row, facts: Facts, columns: Columns, width: int) -> Line:
    """Return the line of a row, exactly `width` cells."""
    subject = row.subject
    match subject:
        case Group():
            line = _group(subject, facts, width, is_folded=row.is_folded)
        case ServiceView():
            sign = words.state_of(subject).tone
            line = _cells(service_cells(subject, facts), columns.services, sign)
        case Other():
            line = _cells(other_cells(subject, facts), columns.others)
        case OthersLine():
            line = _others(subject, facts, width, is_folded=row.is_folded)
        case SystemLine():
            line = _system(subject, is_folded=row.is_folded)
        case TextLine():
            line = (Span(subject.text, subject.tone),)
        case _:
            line = head_line(columns, others=True)
    return finish(line, row, facts, width)


def finish(line: Line, row: Row, facts: Facts, width: int) -> Line:
    """Make a line exactly `width` cells, dim where its row has gone and bold where it is new."""
    if row.subject_key in facts.gone:
        line = tuple(Span(span.text, Tone.DIM) for span in line)
    elif row.subject_key in facts.new:
        line = tuple(Span(span.text, Tone.BOLD if span.tone is Tone.PLAIN else span.tone) for span in line)
    line = cut_line(line, width)
    return (*line, Span(" " * (width - line_width(line))))


def ages_of(row: Row, facts: Facts) -> tuple[str, ...]:
    """Return all that a row's line says of time: while it is the same in one world, so is the line."""
    match row.subject:
        case ServiceView() as view:
            absent = () if view.listeners or view.elsewhere else holders.held_by(view, facts)
            return (*words.up_of(holders.own_server(view), facts, row.key), *absent)
        case Other() as other:
            return words.up_of(other.listener, facts, other.key)
        case _:
            return ()


def head_line(columns: Columns, *, others: bool) -> Line:
    """Return the heads of the columns, for services or for other listeners.

    The one that the rows are sorted by bears a sign of the way they go; an order that no head stands for, the margin.
    """
    places = columns.others if others else columns.services
    sign = g.FALLING if columns.is_reversed else g.RISING
    texts, is_told = [], columns.sorted_by is None and not columns.is_reversed
    for column, width in places:
        head = OTHER_HEADS.get(column, column.value) if others else column.value
        if column is columns.sorted_by:
            head, is_told = f"{head[: max(0, width - 1)]}{sign}", True
        texts.append(fit(head, width, right=column in RIGHT))
    margin = " " * MARGIN if is_told else f" {sign} ".ljust(MARGIN)
    return (Span(margin + " ".join(texts), Tone.HEAD),)


def service_cells(view: ServiceView, facts: Facts) -> dict[Column, Cell]:
    """Return what each column says of a service."""
    state = words.state_of(view)
    server = holders.own_server(view)
    key = service_row_key(view)
    source = words.source_of(view)
    idle = state.severity == 3
    port = "-" if view.port is None else str(view.port)
    name = view.name
    if view.key.environment != facts.snapshot.environment:
        name = f"{name} ({view.key.environment})"
    starred = words.is_second_choice(view)
    pulse = facts.pulses.get(view.key)
    return {
        Column.SERVICE: ((name,), Tone.DIM if idle else Tone.PLAIN),
        Column.PORT: ((port, f"{port}*" if starred else port), Tone.DIM if idle else Tone.PLAIN),
        Column.SOURCE: ((source,), Tone.DIM if source in (Source.PREFERRED, "base") else Tone.PLAIN),
        Column.STATE: ((f"{state.glyph} {state.word}",), Tone.DIM if idle else Tone.PLAIN),
        Column.TREND: ((trend(pulse.latencies).rjust(CELLS) if pulse else "",), Tone.DIM),
        Column.HELD_BY: (holders.held_by(view, facts), Tone.DIM if idle and not view.listeners else Tone.PLAIN),
        Column.HOST: ((short_host(view.key.host) if view.is_remote else HERE,), Tone.DIM),
        Column.VIA: ((words.via_of(server),), Tone.DIM),
        Column.UP: (words.up_of(server, facts, key), Tone.DIM),
        Column.COMMAND: ((holders.command_of(server),), Tone.DIM),
    }


def other_cells(other: Other, facts: Facts) -> dict[Column, Cell]:
    """Return what each column says of a listener that is no service's."""
    listener = other.listener
    count = other.connections
    project = listener.project.label if listener.project else ""
    tone = Tone.DIM if other.is_system else Tone.PLAIN
    would_be = f"{suggest_name(listener, facts.wanted)}?" if listener.project or listener.container else ""
    runs = holders.what_runs(listener.owner) if not listener.container else ""
    label = f"  {listener.label}"
    port = str(listener.port)
    return {
        Column.SERVICE: ((would_be,), Tone.DIM),
        Column.PORT: ((port,), tone),
        Column.SOURCE: ((project,), tone),
        Column.STATE: (("" if count is None else f"{count} conn",), Tone.DIM),
        Column.HELD_BY: ((f"{label}  {runs}".rstrip(), label), tone),
        Column.HOST: ((HERE,), Tone.DIM),
        Column.VIA: ((words.via_of(listener),), Tone.DIM),
        Column.UP: (words.up_of(listener, facts, other.key), Tone.DIM),
        Column.COMMAND: ((holders.command_of(listener),), Tone.DIM),
    }


def _cells(cells: dict[Column, Cell], places: tuple[Place, ...], sign: Tone | None = None) -> Line:
    """Lay cells out; `sign` is the tone of the glyph that STATE starts with, the word beside it stays plain."""
    spans = [Span(" " * MARGIN)]
    has_source = any(place.column is Column.SOURCE for place in places)
    for number, (column, width) in enumerate(places):
        texts, tone = cells[column]
        # Without a SOURCE column a star says that the port is not the preferred one.
        text = texts[-1] if column is Column.PORT and not has_source else choose(texts, width)
        gap = " " if number + 1 < len(places) else ""
        drawn = fit(text, width) + gap
        if sign and column is Column.STATE:
            spans.append(Span(drawn[:1], sign))
            drawn = drawn[1:]
        spans.append(Span(drawn, tone))
    return tuple(spans)


def _group(group: Group, facts: Facts, width: int, *, is_folded: bool) -> Line:
    workspace = group.workspace
    left = [Span(f"{g.FOLDED if is_folded else g.OPEN} "), Span(workspace.label, Tone.BOLD)]
    if workspace.root and width >= 70:
        left.append(Span(f"  {facts.abbreviated(workspace.root)}", Tone.DIM))
    if group.is_vanished:
        left.append(Span("  directory gone", Tone.WARN))
    elif group.is_here and width >= 90:
        left.append(Span("   (you are here)", Tone.DIM))
    return justify(tuple(left), (*_group_counts(group, width), Span(" ")), width)


def _group_counts(group: Group, width: int) -> Line:
    states = [words.state_of(view) for view in group.views]
    running = sum(1 for state in states if state.is_well)
    total = len(group.views)
    if width < 70:
        return (Span(f"{running}/{total} running", Tone.DIM),)
    counts = Span(f"{plural(total, 'service')} · {'all' if running == total else running} running", Tone.DIM)
    spans = [counts]
    for glyph in (g.TROUBLE, g.UNHEALTHY, g.HUNG, g.DEGRADED, g.STARTING, g.IDLE):
        found = [state for state in states if state.glyph == glyph and not state.is_well]
        if found:
            spans += [Span(" · ", Tone.DIM), Span(glyph, found[0].tone), Span(f" {len(found)}", Tone.DIM)]
    return tuple(spans)


def _others(subject: OthersLine, facts: Facts, width: int, *, is_folded: bool) -> Line:
    left = [Span(f"{g.FOLDED if is_folded else g.OPEN} "), Span("other listeners", Tone.BOLD)]
    left.append(Span(f": {subject.total}", Tone.PLAIN))
    if width >= 90:
        left.append(Span(", no service of yours", Tone.DIM))
    if subject.elsewhere:
        left.append(Span(f"  ({subject.elsewhere} elsewhere)", Tone.DIM))
    adopts = facts.keys.hint("adopt", "adopts")
    wide = f"{len(subject.near)} from your projects{f': {adopts}' if adopts else ''}"
    near = wide if width >= 70 else f"{adopts} {len(subject.near)}" if adopts else f"{len(subject.near)} yours"
    right = (Span(near, Tone.DIM), Span(" ")) if subject.near else ()
    return justify(tuple(left), right, width)


def _system(subject: SystemLine, *, is_folded: bool) -> Line:
    names = ", ".join(f"{_system_name(other)} {other.listener.port}" for other in subject.others[:40])
    glyph = g.FOLDED if is_folded else g.OPEN
    return (Span(f"{glyph} {len(subject.others)} of the system: {names}", Tone.DIM),)


def _system_name(other: Other) -> str:
    owner = other.listener.owner
    return (owner.name if owner else None) or other.listener.user or "hidden"


def search_text(row: Row, facts: Facts) -> str:
    """Return all that a row says in any column, in lower case, for the filter to look in."""
    subject = row.subject
    match subject:
        case ServiceView():
            place = facts.label_of(subject.key.workspace)
            cells = service_cells(subject, facts)
            more = [place, subject.key.workspace, subject.spec.type or "", subject.spec.purpose]
            more += [text for each in subject.listeners for text in _beyond_columns(each)]
        case Other():
            cells = other_cells(subject, facts)
            more = _beyond_columns(subject.listener)
        case _:
            return ""
    texts = [texts[0] for column, (texts, _tone) in cells.items() if column not in (Column.TREND, Column.HOST)]
    return "\n".join([*texts, *more]).casefold()


def _beyond_columns(listener: Listener) -> list[str]:
    """Return what no column says of a listener, and people look for all the same."""
    package = listener.project.package if listener.project else None
    return [each for each in (listener.framework, listener.unit, package) if each]
