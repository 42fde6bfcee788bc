"""The Why tab of a service: its state, why it has its port, who holds it, what can be done, what is still to do."""

from collections.abc import Iterator, Sequence

from portdash.dashboard.glyphs import IDLE
from portdash.dashboard.rows import words
from portdash.dashboard.rows.asked import Past
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.health_lines import has_health, health_facts
from portdash.dashboard.rows.holders import exit_of
from portdash.dashboard.rows.instance_lines import instance_lines
from portdash.dashboard.rows.listener_facts import answer_lines, distinct, holder_lines, listener_facts, on_port
from portdash.dashboard.rows.offered import Offer, offer_lines
from portdash.dashboard.rows.prose import fact, heading, paragraph
from portdash.dashboard.rows.row import Line, Span, Tone
from portdash.dashboard.rows.summary import describe
from portdash.dashboard.rows.tab_lines import event_lines
from portdash.model.assignment import Assignment, Verdict
from portdash.model.health import HealthState
from portdash.model.snapshot import ServiceView
from portdash.report.starting import how_to_start, own_listeners
from portdash.report.words import age, reason_phrase, short_host, worst_conflict
from portdash.text import and_list

MOST_REASONS = 12
"""Refused candidates that are told one by one."""
LAST_EVENTS = 3
"""Events that the Why tab tells; History has them all."""


def why_lines(
    view: ServiceView, facts: Facts, offers: Sequence[Offer], width: int, *, past: Past | None = None
) -> Iterator[Line]:
    """Yield everything that is known about a service now."""
    yield from _standing(view, facts, past, width)
    yield from instance_lines(view, facts, width)
    yield ()
    yield from _why(view, facts, width)
    seen = on_port(view, facts)
    for each in distinct(seen):
        yield ()
        yield from holder_lines(each, view, facts, width)
    for listener in view.elsewhere:
        yield ()
        yield heading(f"RUNS ON {listener.port} INSTEAD", width)
        yield from listener_facts(listener, facts, width)
    if seen:
        yield ()
        yield from answer_lines(seen, view.port or 0, width, view=view)
    if has_health(view) and worst_conflict(view):
        yield ()
        yield from health_facts(view, facts, width)
    yield from offer_lines(offers, width)
    yield from _environment(view, facts, past, width)
    yield from _last_events(past, facts, width)


def _standing(view: ServiceView, facts: Facts, past: Past | None, width: int) -> Iterator[Line]:
    state = words.state_of(view)
    yield from paragraph(describe_state(view, facts), width, state.glyph, state.tone)
    yield from _to_do(view, facts, past, width)
    if has_health(view) and not worst_conflict(view):
        yield ()
        yield from health_facts(view, facts, width)


def describe_state(view: ServiceView, facts: Facts) -> str:
    """Return the state as a sentence."""
    state = words.state_of(view)
    conflict = worst_conflict(view)
    if view.is_remote:
        heard = "a process there holds its lease" if view.heard else "nobody there has been heard of lately"
        return f"{state.word}: on host {short_host(view.key.host)}, {heard}; it is changed there"
    if conflict:
        who = f"{facts.full_name(view)} "
        return f"{state.word}: {conflict.detail or describe(view, facts)[0].removeprefix(who)}"
    said = view.health.detail
    if state.glyph == IDLE and (exited := exit_of(view, facts)):
        return f"{state.word}, {exited}"
    if said.startswith(state.word):
        return said
    more = words.beside(state, said) if view.is_running or view.health.state is not HealthState.HEALTHY else ""
    return f"{state.word}, {more}" if more else state.word


def _to_do(view: ServiceView, facts: Facts, past: Past | None, width: int) -> Iterator[Line]:
    """Yield what is left for the person after a move: nothing works on the new port until it is started there."""
    lines = list(to_do(view, facts, past))
    if lines:
        yield ()
        yield heading("STILL TO DO", width)
        for line in lines:
            yield from paragraph(line, width, "-", Tone.WARN, Tone.PLAIN)


def to_do(view: ServiceView, facts: Facts, past: Past | None) -> Iterator[str]:
    """Yield a line for each thing that is left: the command, the files, and who still reads the old port."""
    row = view.assignment
    if row is None or view.is_remote:
        return
    was_moved = row.home is not None and row.home != row.port
    if any(each.port != row.port for each in own_listeners(view)) or (was_moved and not view.is_running):
        yield facts.to_do.get(view.key) or how_to_start(facts.snapshot, row).line(facts.home)
    elif told := facts.to_do.get(view.key):
        yield told
    if past is None:
        return
    for path in past.stale_files:
        yield f"portdash export: {facts.abbreviated(path)} does not say {view.spec.variable}={row.port} yet"
    for name in past.readers:
        yield f"start {name} again: it was started before, and still reads the old {view.spec.variable}"


def _why(view: ServiceView, facts: Facts, width: int) -> Iterator[Line]:
    row = view.assignment
    if row is None:
        yield heading("NO PORT YET", width)
        yield from paragraph(f"declared in the configuration; {facts.keys.way('allocate')} gives it a port", width)
        return
    yield heading(f"WHY {row.port}", width)
    yield from _reasons(row, width)
    said = [words.source_of(view), f"{row.attempts} tried"]
    if row.assigned_at:
        by = f" by {row.actor}" if row.actor else ""
        said.append(f"assigned {age(facts.now - row.assigned_at)} ago{by}")
    yield from paragraph("; ".join(said), width)
    spec = view.spec
    rest = ["pinned" if spec.pin else "not pinned"]
    rest += [f"type {spec.type}"] if spec.type else []
    rest += [f"prefers {', '.join(map(str, spec.preferred))}"] if spec.preferred else []
    rest += [f"range {spec.range}"] if spec.range else []
    rest += [f"home {row.home}"] if row.home else []
    yield from paragraph("; ".join(rest), width, tone=Tone.DIM)
    if spec.purpose:
        yield from paragraph(spec.purpose, width, tone=Tone.DIM)
    for notice in (conflict for conflict in view.conflicts if conflict.kind.is_notice):
        yield from paragraph(f"{notice.kind.value.replace('_', ' ')}: {notice.detail}".rstrip(": "), width)


def _reasons(row: Assignment, width: int) -> Iterator[Line]:
    """Yield the candidates as they were tried: the refused with what spoke against each, then the chosen one."""
    refused = [each for each in row.reasons if each.verdict is not Verdict.CHOSEN]
    for each in refused[:MOST_REASONS]:
        port = "-" if each.port is None else str(each.port)
        yield from fact(f"{port:>5}", f"refused: {reason_phrase(each)}", width, label_width=8)
    if len(refused) > MOST_REASONS:
        yield from paragraph(f"and {len(refused) - MOST_REASONS} more", width, tone=Tone.DIM)
    yield from fact(f"{row.port:>5}", "chosen", width, label_width=8)


def _environment(view: ServiceView, facts: Facts, past: Past | None, width: int) -> Iterator[Line]:
    """Yield its variable, and the files in which portdash has written that."""
    if view.port is None:
        return
    yield ()
    yield heading("ENVIRONMENT", width)
    files = [facts.abbreviated(path) for path in past.files] if past else []
    yield from paragraph(f"{view.spec.variable}={view.port}{f'  in {and_list(files)}' if files else ''}", width)


def _last_events(past: Past | None, facts: Facts, width: int) -> Iterator[Line]:
    if past is None or not past.events:
        return
    yield ()
    more = facts.keys.hint("view_history", "shows all")
    yield heading("LAST EVENTS", width, Span(more, Tone.DIM) if more else None)
    for event in past.events[:LAST_EVENTS]:
        yield from event_lines(event, facts, width)
