"""Who listens, whose they are, and who answers on which address, as lines for the details."""

from collections.abc import Iterator, Sequence

from portdash.dashboard import glyphs as g
from portdash.dashboard.rows import holders, words
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.prose import LABEL, fact, heading
from portdash.dashboard.rows.row import Line, Span
from portdash.model.listener import Listener, Ownership
from portdash.model.snapshot import SeenListener, ServiceView
from portdash.planning.answers import Answer, who_answers
from portdash.report.origins import project_text
from portdash.report.words import SIGNS, age
from portdash.text import and_list, plural

_OWNED = {
    Ownership.CONFIRMED: "confirmed",
    Ownership.PRESUMED: "presumed",
    Ownership.FOREIGN: "foreign",
    Ownership.UNKNOWN: "unverified",
}


def on_port(view: ServiceView, facts: Facts) -> tuple[SeenListener, ...]:
    """Return who listens on the port of a service."""
    seen = () if view.is_remote else facts.seen.get(view.port or 0, ())
    return tuple(each for each in seen if each.listener.protocol is view.key.protocol)


def distinct(seen: tuple[SeenListener, ...]) -> tuple[SeenListener, ...]:
    """Return one listener an owner: its sockets on several addresses are one story."""
    return tuple({(each.listener.pid, each.listener.label): each for each in reversed(seen)}.values())[::-1]


def holder_lines(seen: SeenListener, view: ServiceView, facts: Facts, width: int) -> Iterator[Line]:
    """Yield who holds the port of a service, whether it is the service's own, and by what that was told."""
    sign = holders.sign_of(seen, view)
    ownership = next(each for each, own in SIGNS.items() if own == sign)
    whose = f"not {facts.full_name(view)}" if sign == g.FOREIGN else _OWNED[ownership]
    yield heading("WHO HOLDS IT", width, Span(f"{sign} {whose}"))
    yield from listener_facts(seen.listener, facts, width)
    if seen.key is not None and seen.key != view.key:
        owner = facts.snapshot.service(seen.key)
        if owner is not None:
            port = f", assigned {owner.port}" if owner.port else ""
            name = facts.full_name(owner)
            yield from fact("belongs to", f"{name}{port}", width)
    evidence = seen.attribution.evidence or (view.attribution.evidence if view.attribution else ())
    if evidence:
        yield from fact("because", "; ".join(evidence), width)


def listener_facts(listener: Listener, facts: Facts, width: int) -> Iterator[Line]:
    """Yield what is known of a listener: process, project, directory, chain, age, connections."""
    owner = listener.server
    command = holders.short_command(owner.command if owner else None)
    if listener.container:
        yield from _container(listener, width)
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


def _container(listener: Listener, width: int) -> Iterator[Line]:
    """Yield what is known of a container; what its compose file says is in its directory."""
    box = listener.container
    assert box is not None
    yield from fact("container", ", ".join((box.name, *box.facts)), width)
    yield from fact("published", f"{listener.address}:{listener.port}", width)
    if box.directory:
        yield from fact("compose in", box.directory, width)


def _origin(listener: Listener, width: int) -> Iterator[Line]:
    """Yield who stands above a listener."""
    if listener.ancestors:
        chain = [f"{each.name} {each.pid}" for each in reversed(listener.ancestors)]
        yield from fact("chain", " › ".join([*chain, listener.owner.label if listener.owner else "?"]), width)
    if listener.unit:
        yield from fact("unit", listener.unit, width)
    if via := words.via_of(listener):
        yield from fact("via", via, width)


def answer_lines(
    seen: Sequence[SeenListener], port: int, width: int, *, view: ServiceView | None = None
) -> Iterator[Line]:
    """Yield who answers on each address of localhost, and whom a client that says localhost reaches first.

    With `view` each has the sign for whose it is, from where that service stands.
    """
    signs = {each.listener: holders.sign_of(each, view) for each in seen} if view else {}
    yield heading(f"WHO ANSWERS localhost:{port}", width)
    answers = who_answers(each.listener for each in seen)
    for answer in answers:
        told = [_answerer(each, signs.get(each, "")) for each in answer.listeners]
        nobody = "nobody: not reachable from outside" if answer is answers.network else "nobody"
        yield from fact(answer.address, and_list(told) if told else nobody, width)
    if first := _first(answers.localhost):
        yield from fact("localhost", first, width)


def _answerer(listener: Listener, sign: str) -> str:
    if listener.container:
        place = "container"
    elif listener.unit:
        place = f"host, systemd {listener.unit.removesuffix('.service')}"
    else:
        place = listener.project.label if listener.project else ""
    name = listener.container.name if listener.container else listener.label
    return "  ".join(filter(None, (f"{sign} {name}".strip(), place)))


def _first(localhost: Sequence[Answer]) -> str:
    """Say whom localhost reaches, where that is not one and the same."""
    if len(localhost) < 2 or localhost[0].listeners == localhost[1].listeners:
        return ""
    owners = [{(each.pid, each.label) for each in answer.listeners} for answer in localhost]
    if owners[0] == owners[1]:
        return ""
    return f"tries {localhost[0].address} first: {and_list(each.label for each in localhost[0].listeners)}"
