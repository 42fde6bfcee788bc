"""The other things that a store holds as JSON, and back: plans, leases, workspaces."""

from portdash.model.assignment import Lease, ServiceKey
from portdash.model.names import check_workspace
from portdash.model.ports import IpProtocol
from portdash.model.state import PlanRecord, PlanState
from portdash.model.workspace import Workspace
from portdash.store.codec import PROTOCOLS, Json
from portdash.store.fields import Fields, Undecodable, checked, port, text, word_of

_PLAN_STATES = {each.value: each for each in PlanState}


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
