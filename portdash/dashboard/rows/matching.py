"""Whether a row is one that the filter asks for."""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from portdash.dashboard.rows import holders, words
from portdash.dashboard.rows.events import event_text, tells_of_trouble
from portdash.dashboard.rows.facts import HERE, Facts
from portdash.dashboard.rows.filtering import Field, Filter, Term
from portdash.dashboard.rows.paint import search_text
from portdash.dashboard.rows.row import EventLine, Other, Row
from portdash.model.listener import Listener
from portdash.model.snapshot import ServiceView

Subject = ServiceView | Other | EventLine


def matches(wanted: Filter, row: Row, facts: Facts) -> bool:
    """Say whether all that was asked for is so; of several ports one is enough."""
    subject = row.subject
    if not isinstance(subject, ServiceView | Other | EventLine):
        return False
    if wanted.trouble and not _is_in_trouble(subject, row.socket, facts):
        return False
    ports = [term for term in wanted.terms if term.field is Field.PORT]
    if ports and not any(_has_port(term, port) for term in ports for port in _ports(subject, row.socket)):
        return False
    if not all(_HOLDS[term.field](term, row, facts) for term in wanted.terms if term.field is not Field.PORT):
        return False
    if not wanted.needles:
        return True
    text = event_text(subject) if isinstance(subject, EventLine) else search_text(row, facts)
    return all(needle in text for needle in wanted.needles)


def _is_in_trouble(subject: Subject, socket: Listener | None, facts: Facts) -> bool:
    """Say whether it is a service in trouble, a socket that puts one in conflict, or an event that tells of trouble."""
    match subject:
        case ServiceView():
            return words.state_of(subject).is_trouble
        case EventLine():
            return tells_of_trouble(subject.event)
        case Other():
            return socket is not None and any(
                (each.port, each.key.protocol) == (socket.port, socket.protocol) and not each.kind.is_notice
                for each in facts.snapshot.conflicts
            )


def _has_port(term: Term, port: int) -> bool:
    if term.ports:
        return term.ports[0] <= port <= term.ports[1]
    return fnmatchcase(str(port), term.text)


def _ports(subject: Subject, socket: Listener | None) -> tuple[int, ...]:
    if socket is not None:
        return (socket.port,)
    if isinstance(subject, Other):
        return (subject.listener.port,)
    if isinstance(subject, EventLine):
        return tuple(port for port in (subject.event.from_port, subject.event.to_port) if port is not None)
    elsewhere = tuple(listener.port for listener in subject.elsewhere)
    return elsewhere if subject.port is None else (subject.port, *elsewhere)


def _is_in_project(term: Term, row: Row, facts: Facts) -> bool:
    server = holders.server_of(row)
    project = server.project if server and not isinstance(row.subject, ServiceView) else None
    told = [project.label, project.name] if project else []
    if isinstance(row.subject, ServiceView):
        told = [facts.label_of(row.subject.key.workspace), row.subject.key.workspace]
    if isinstance(row.subject, EventLine):
        told = [facts.label_of(row.subject.event.workspace), row.subject.event.workspace]
    return any(term.text in each.casefold() for each in told)


def _is_via(term: Term, row: Row, _facts: Facts) -> bool:
    return term.text in words.via_of(holders.server_of(row)).casefold()


def _is_up(term: Term, row: Row, facts: Facts) -> bool:
    since = words.started_at(holders.server_of(row))
    return term.bound is not None and term.bound.admits(None if since is None else facts.now - since)


def _has_connections(term: Term, row: Row, _facts: Facts) -> bool:
    server = holders.server_of(row)
    count = row.subject.connections if isinstance(row.subject, Other) else server.connections if server else None
    return term.bound is not None and term.bound.admits(count)


def _is_on_host(term: Term, row: Row, facts: Facts) -> bool:
    host = facts.snapshot.host
    if isinstance(row.subject, ServiceView):
        host = row.subject.key.host
    elif isinstance(row.subject, EventLine):
        host = row.subject.event.host or host
    is_far = host != facts.snapshot.host
    return host.casefold().startswith(term.text) or (term.text == HERE and not is_far)


def _is_in_state(term: Term, row: Row, _facts: Facts) -> bool:
    if isinstance(row.subject, ServiceView):
        return words.state_of(row.subject).word.casefold().startswith(term.states)
    return isinstance(row.subject, Other) and "listening".startswith(term.states)


_HOLDS: Mapping[Field, Callable[[Term, Row, Facts], bool]] = {
    Field.PROJECT: _is_in_project,
    Field.VIA: _is_via,
    Field.UP: _is_up,
    Field.CONN: _has_connections,
    Field.HOST: _is_on_host,
    Field.STATE: _is_in_state,
}
