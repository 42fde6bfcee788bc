"""The other records of a store as JSON, and back: operations, events, plans, leases, workspaces."""

from portdash.model.assignment import Lease, ServiceKey
from portdash.model.history import Event, EventKind, Operation
from portdash.model.names import check_workspace
from portdash.model.ports import IpProtocol
from portdash.model.state import PlanRecord, PlanState
from portdash.model.workspace import Workspace
from portdash.store.codec import PROTOCOLS, Json, change_from, change_json
from portdash.store.fields import Fields, Undecodable, checked, port, text, word_of

_EVENTS = {each.value: each for each in EventKind}
_PLAN_STATES = {each.value: each for each in PlanState}


def operation_body(operation: Operation) -> Json:
    """Return what of an operation does not stand in columns."""
    return {
        "title": operation.title,
        "actor": operation.actor,
        "at": operation.at,
        "changes": [change_json(each) for each in operation.changes],
    }


def operation_from(*, identity: str, revision: int, workspace: str, undone: bool, body: Fields) -> Operation:
    """Return the operation that columns and body stand for."""
    operation = Operation(
        id=identity,
        title=body.text("title"),
        workspace=workspace,
        actor=body.text("actor"),
        at=body.moment("at"),
        revision=revision,
        changes=body.list("changes", change_from),
        undone=undone,
    )
    body.done()
    return operation


def event_body(event: Event) -> Json:
    """Return an event but for its sequence number."""
    body: Json = {
        "kind": event.kind.value,
        "at": event.at,
        "workspace": event.workspace,
        "service": event.service,
        "actor": event.actor,
        "reason": event.reason,
        "revision": event.revision,
    }
    if event.from_port is not None:
        body["from"] = event.from_port
    if event.to_port is not None:
        body["to"] = event.to_port
    return body


def event_from(sequence: int, body: Fields) -> Event:
    """Return the event that a sequence number and a body stand for."""
    event = Event(
        kind=word_of(_EVENTS, body.any("kind"), "a kind of event"),
        at=body.moment("at"),
        workspace=body.text("workspace"),
        service=body.text("service"),
        actor=body.text("actor"),
        reason=body.text("reason"),
        from_port=body.optional_port("from"),
        to_port=body.optional_port("to"),
        revision=body.whole("revision"),
        sequence=sequence,
    )
    body.done()
    return event


def plan_body(record: PlanRecord) -> Json:
    """Return a plan but for its id and host."""
    return {
        "workspace": record.workspace,
        "title": record.title,
        "state": record.state.value,
        "pid": record.pid,
        "started": record.started,
        "boot": record.boot_id,
        "reserved": [[protocol.value, number] for protocol, number in record.reserved],
    }


def plan_from(identity: str, host: str, body: Fields) -> PlanRecord:
    """Return the plan that columns and body stand for."""
    record = PlanRecord(
        id=identity,
        host=host,
        workspace=body.text("workspace"),
        title=body.text("title"),
        state=word_of(_PLAN_STATES, body.any("state"), "a state of a plan"),
        pid=body.whole("pid"),
        started=body.whole("started"),
        boot_id=body.text("boot"),
        reserved=body.list("reserved", _slot_from),
    )
    body.done()
    return record


def lease_body(lease: Lease) -> Json:
    """Return a lease but for its key."""
    return {"pid": lease.pid, "started": lease.started, "boot": lease.boot_id, "token": lease.token}


def lease_from(key: ServiceKey, body: Fields) -> Lease:
    """Return the lease that a key and a body stand for."""
    lease = Lease(
        key=key,
        pid=body.whole("pid"),
        started=body.whole("started"),
        boot_id=body.text("boot"),
        token=body.text("token"),
    )
    body.done()
    return lease


def workspace_body(workspace: Workspace) -> Json:
    """Return a workspace, its root too: the column of the root is for looking up."""
    values: Json = {
        "name": workspace.name,
        "root": workspace.root,
        "repository": workspace.repository,
        "worktree": workspace.worktree,
    }
    return {name: value for name, value in values.items() if value is not None}


def workspace_from(body: Fields) -> Workspace:
    """Return the workspace that a body stands for."""
    workspace = Workspace(
        name=checked(check_workspace, body.text("name")),
        root=body.optional_text("root"),
        repository=body.optional_text("repository"),
        worktree=body.optional_text("worktree"),
    )
    body.done()
    return workspace


def _slot_from(value: object) -> tuple[IpProtocol, int]:
    if type(value) is not list or len(value) != 2:
        raise Undecodable("a reserved port is not protocol and number")
    return word_of(PROTOCOLS, text(value[0]), "a protocol"), port(value[1])
