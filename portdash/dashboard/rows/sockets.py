"""The view of all that listens, a row a socket."""

from collections.abc import Iterator

from portdash.dashboard.rows import holders, words
from portdash.dashboard.rows.cells import Cell
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.layout import Column
from portdash.dashboard.rows.row import Kind, Other, Row, Tone
from portdash.model.listener import Listener
from portdash.model.snapshot import ServiceView


def socket_rows(facts: Facts) -> Iterator[Row]:
    """Yield a row for each socket, by port, protocol and address: of services first told which they are."""
    others = {listener: other for other in facts.others for listener in other.listeners}
    views = {view.key: view for view in facts.snapshot.services}
    for seen in facts.snapshot.listeners:
        listener = seen.listener
        subject: ServiceView | Other | None = views.get(seen.key) if seen.key else None
        subject = subject or others.get(listener)
        if subject is not None:
            identity = (listener.protocol, listener.port, listener.address, listener.pid)
            yield Row(Kind.SOCKET, (Kind.SOCKET, identity), subject, socket=listener)


def socket_cells(row: Row, facts: Facts) -> dict[Column, Cell]:
    """Return what each column says of a socket."""
    listener = row.socket
    assert listener is not None
    subject = row.subject
    is_system = isinstance(subject, Other) and subject.is_system
    tone = Tone.DIM if is_system else Tone.PLAIN
    runs = holders.what_runs(listener.owner) if not listener.container else ""
    name = socket_name(listener)
    return {
        Column.PORT: ((str(listener.port),), tone),
        Column.PROTO: ((listener.protocol.value,), Tone.DIM),
        Column.ADDRESS: ((listener.address,), tone),
        Column.PID: (("" if listener.pid is None else str(listener.pid),), tone),
        Column.PROCESS: ((f"{name}  {runs}".rstrip(), name), tone),
        Column.PROJECT: ((listener.project.label if listener.project else "",), tone),
        Column.SERVICE: ((_service(row, facts),), tone),
        Column.CONN: (("" if listener.connections is None else str(listener.connections),), Tone.DIM),
        Column.VIA: ((words.via_of(listener),), Tone.DIM),
        Column.USER: ((user_of(listener),), Tone.DIM),
        Column.UP: (words.up_of(listener, facts, row.subject_key), Tone.DIM),
        Column.COMMAND: ((holders.command_of(listener),), Tone.DIM),
    }


def _service(row: Row, facts: Facts) -> str:
    """Return the service that a socket belongs to, with a sign for whose it is."""
    view, listener = row.subject, row.socket
    if not isinstance(view, ServiceView) or listener is None:
        return ""
    name = service_of(listener, view, facts)
    seen = next((each for each in facts.snapshot.listeners if each.listener is listener), None)
    return f"{holders.sign_of(seen, view)} {name}" if seen else name


def service_of(listener: Listener, view: ServiceView, facts: Facts) -> str:
    """Return the name of the service a socket belongs to, with its workspace where the project does not say it."""
    project = listener.project.label if listener.project else ""
    return view.name if facts.label_of(view.key.workspace) == project else facts.name_of(view)


def socket_name(listener: Listener) -> str:
    """Return who listens: the container, else the process."""
    owner = (listener.owner.name or "") if listener.owner else ""
    return listener.container.name if listener.container else owner or listener.label


def user_of(listener: Listener) -> str:
    """Return whose process it is, empty where nobody knows."""
    return (listener.owner.user if listener.owner else None) or listener.user or ""
