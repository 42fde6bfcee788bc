"""The details of a row, as lines for a pane: why, who holds it, who answers, what can be done."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from portdash.dashboard import glyphs as g
from portdash.dashboard.rows import holders, words
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.health_lines import Probed, has_health, health_facts, probed_facts
from portdash.dashboard.rows.prose import LABEL, fact, heading, paragraph, wrapped
from portdash.dashboard.rows.row import Group, Line, Other, OthersLine, Row, Span, SystemLine, Tone
from portdash.dashboard.rows.summary import describe
from portdash.manager.naming import suggest_name
from portdash.model.assignment import Assignment, Verdict
from portdash.model.listener import Listener, Ownership
from portdash.model.snapshot import SeenListener, ServiceView
from portdash.planning.answers import who_answers
from portdash.report.origins import project_text
from portdash.report.words import SIGNS, age, reason_phrase, worst_conflict
from portdash.text import and_list, plural

_OWNED = {
    Ownership.CONFIRMED: "confirmed",
    Ownership.PRESUMED: "presumed",
    Ownership.FOREIGN: "foreign",
    Ownership.UNKNOWN: "unverified",
}


MOST_REASONS = 12
"""Refused candidates that are told one by one."""


class Offer(NamedTuple):
    """What a key would do to this row, said before it is pressed."""

    key: str
    label: str
    text: str
    is_usable: bool = True


def title_of(row: Row | None, facts: Facts) -> str:
    """Return what the pane is about: `shop/web`, `:5175 node 5120`."""
    match row.subject if row else None:
        case ServiceView() as view:
            return f"{facts.label_of(view.key.workspace)}/{view.name}"
        case Other() as other:
            return f":{other.listener.port}  {other.listener.label}"
        case Group() as group:
            return group.workspace.label
        case OthersLine():
            return "other listeners"
        case SystemLine():
            return "listeners of the system"
        case _:
            return ""


def details(
    row: Row | None, facts: Facts, offers: Sequence[Offer], width: int, *, probed: Probed | None = None
) -> tuple[Line, ...]:
    """Return everything that is known about a row, in lines of at most `width` cells.

    `probed` is what a listener that is no service answered, where it was asked.
    """
    match row.subject if row else None:
        case ServiceView() as view:
            body = _service(view, facts, width)
        case Other() as other:
            body = _other(other, facts, width, probed)
        case Group() as group:
            body = _group(group, facts, width)
        case OthersLine() as line:
            body = _others(line, width)
        case SystemLine() as system:
            body = _system(system, width)
        case _:
            return ()
    lines = [*body, *_offers(offers, width)]
    if isinstance(row.subject if row else None, ServiceView):
        assert row is not None
        assert isinstance(row.subject, ServiceView)
        lines += _environment(row.subject, width)
    return tuple(lines)


def _service(view: ServiceView, facts: Facts, width: int) -> Iterator[Line]:
    state = words.state_of(view)
    yield from paragraph(describe_state(view, facts), width, state.glyph, state.tone)
    is_told = has_health(view)
    if is_told and not worst_conflict(view):
        yield ()
        yield from health_facts(view, facts, width)
    yield ()
    yield from _why(view, facts, width)
    seen = _on_port(view, facts)
    for each in _distinct(seen):
        yield ()
        yield from _holder(each, view, facts, width)
    for listener in view.elsewhere:
        yield ()
        yield heading(f"RUNS ON {listener.port} INSTEAD", width)
        yield from listener_facts(listener, facts, width)
    if seen:
        yield ()
        yield from _answers(seen, view.port or 0, width)
    if is_told and worst_conflict(view):
        yield ()
        yield from health_facts(view, facts, width)


def describe_state(view: ServiceView, facts: Facts) -> str:
    """Return the state as a sentence."""
    state = words.state_of(view)
    conflict = worst_conflict(view)
    if conflict:
        who = f"{facts.label_of(view.key.workspace)}/{view.name} "
        return f"{state.word}: {conflict.detail or describe(view, facts)[0].removeprefix(who)}"
    detail = f", {view.health.detail}" if view.health.detail and view.health.detail not in state.word else ""
    return f"{state.word}{detail}"


def _why(view: ServiceView, facts: Facts, width: int) -> Iterator[Line]:
    row = view.assignment
    if row is None:
        yield heading("NO PORT YET", width)
        yield from paragraph("declared in the configuration; a gives it a port", width)
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


def _on_port(view: ServiceView, facts: Facts) -> tuple[SeenListener, ...]:
    seen = facts.seen.get(view.port or 0, ())
    return tuple(each for each in seen if each.listener.protocol is view.key.protocol)


def _distinct(seen: tuple[SeenListener, ...]) -> tuple[SeenListener, ...]:
    """Return one listener an owner: its sockets on several addresses are one story."""
    return tuple({(each.listener.pid, each.listener.label): each for each in reversed(seen)}.values())[::-1]


def _holder(seen: SeenListener, view: ServiceView, facts: Facts, width: int) -> Iterator[Line]:
    sign = holders.sign_of(seen, view)
    ownership = next(each for each, own in SIGNS.items() if own == sign)
    whose = f"not {facts.label_of(view.key.workspace)}/{view.name}" if sign == g.FOREIGN else _OWNED[ownership]
    yield heading("WHO HOLDS IT", width, Span(f"{sign} {whose}"))
    yield from listener_facts(seen.listener, facts, width)
    if seen.key is not None and seen.key != view.key:
        owner = facts.snapshot.service(seen.key)
        if owner is not None:
            port = f", assigned {owner.port}" if owner.port else ""
            name = f"{facts.label_of(owner.key.workspace)}/{owner.name}"
            yield from fact("belongs to", f"{name}{port}", width)
    evidence = seen.attribution.evidence or (view.attribution.evidence if view.attribution else ())
    if evidence:
        yield from fact("because", "; ".join(evidence), width)


def listener_facts(listener: Listener, facts: Facts, width: int) -> Iterator[Line]:
    """Yield what is known of a listener: process, project, directory, chain, age, connections."""
    owner = listener.server
    command = holders.short_command(owner.command if owner else None)
    if listener.container:
        yield from fact("container", ", ".join((listener.container.name, *listener.container.facts)), width)
    else:
        yield from fact(listener.label if len(listener.label) < LABEL else "process", command or listener.label, width)
    if listener.framework and listener.framework not in (owner.name if owner and owner.name else ""):
        yield from fact("framework", listener.framework, width)
    user = (owner.user if owner else None) or listener.user
    if user and user != facts.snapshot.user:
        yield from fact("user", user, width)
    if project := project_text(listener.project):
        yield from fact("project", project, width)
    if owner and owner.cwd:
        yield from fact("directory", facts.abbreviated(owner.cwd), width)
    yield from _origin(listener, width)
    started = words.started_at(listener)
    said = [f"{age(facts.now - started)} ago"] if started is not None else []
    if listener.connections is not None:
        said.append(plural(listener.connections, "connection"))
    if said:
        yield from fact("since" if started is not None else "clients", ", ".join(said), width)


def _origin(listener: Listener, width: int) -> Iterator[Line]:
    """Yield who stands above a listener."""
    if listener.ancestors:
        chain = [f"{each.name} {each.pid}" for each in reversed(listener.ancestors)]
        yield from fact("chain", " › ".join([*chain, listener.owner.label if listener.owner else "?"]), width)
    if listener.unit:
        yield from fact("unit", listener.unit, width)
    if via := words.via_of(listener):
        yield from fact("via", via, width)


def _answers(seen: Sequence[SeenListener], port: int, width: int) -> Iterator[Line]:
    yield heading(f"WHO ANSWERS localhost:{port}", width)
    for address, found in who_answers(each.listener for each in seen):
        told = [f"{each.label}   {each.project.label}" if each.project else each.label for each in found]
        yield from fact(address, and_list(told) if told else "nobody", width)


def _other(other: Other, facts: Facts, width: int, probed: Probed | None) -> Iterator[Line]:
    whose = "a daemon or program of the system" if other.is_system else "no service has this port"
    yield from paragraph(f"{whose}; {_bound_to(other)}", width)
    if other.listener.project or other.listener.container:
        yield from paragraph(f"as a service it would be {suggest_name(other.listener)}", width, tone=Tone.DIM)
    if probed:
        yield ()
        yield from probed_facts(probed, width)
    yield ()
    yield heading("WHO HOLDS IT", width)
    yield from listener_facts(other.listener, facts, width)
    yield ()
    yield from _answers([SeenListener(each) for each in other.listeners], other.listener.port, width)


def _bound_to(other: Other) -> str:
    addresses = dict.fromkeys(listener.address for listener in other.listeners)
    return f"{other.listener.protocol.value} on {', '.join(addresses)}"


def _group(group: Group, facts: Facts, width: int) -> Iterator[Line]:
    root = group.workspace.root
    yield from paragraph(facts.abbreviated(root) if root else "outside any project", width)
    if group.is_vanished:
        yield from paragraph("its directory is gone; D gives its ports back", width, g.TROUBLE, Tone.WARN)
    yield ()
    yield heading(plural(len(group.views), "SERVICE").upper(), width)
    for view in group.views:
        state = words.state_of(view)
        port = "-" if view.port is None else str(view.port)
        name = view.name if cell_len(view.name) < LABEL else f"{view.name[: LABEL - 2]}…"
        label = Span(f"  {name}".ljust(LABEL + 2))
        yield (label, Span(f"{port:<7}"), Span(state.glyph, state.tone), Span(f" {state.word}"))


def _others(line: OthersLine, width: int) -> Iterator[Line]:
    yield from paragraph(f"{plural(line.total, 'listener')} that no service of yours has", width)
    if line.near:
        near = f"{line.near} of them run in your projects: A looks at them all, or at the one under the cursor"
        yield from paragraph(near, width)


def _system(system: SystemLine, width: int) -> Iterator[Line]:
    yield from paragraph("daemons of other users and programs outside any project; l lists them", width)
    yield ()
    for other in system.others[:60]:
        yield from fact(f"{other.listener.port}", other.listener.label, width)


def _offers(offers: Sequence[Offer], width: int) -> Iterator[Line]:
    if not offers:
        return
    yield ()
    yield heading("YOU CAN", width)
    for offer in offers:
        tone = Tone.PLAIN if offer.is_usable else Tone.DIM
        first, *rest = wrapped(offer.text, max(10, width - LABEL - 3))
        key = Span(f"  {offer.key:<3}", Tone.ACCENT if offer.is_usable else Tone.DIM)
        yield (key, Span(f"{offer.label.lower():<{LABEL - 3}}", tone), Span(first, tone))
        for more in rest:
            yield (Span(" " * (LABEL + 2)), Span(more, tone))


def _environment(view: ServiceView, width: int) -> Iterator[Line]:
    if view.port is None:
        return
    yield ()
    yield heading("ENVIRONMENT", width)
    yield from paragraph(f"{view.spec.variable}={view.port}", width)
