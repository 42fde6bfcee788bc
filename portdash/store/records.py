"""The other things that a store holds as JSON, and back: leases and workspaces."""

from portdash.model.assignment import Lease, ServiceKey
from portdash.model.names import check_workspace
from portdash.model.workspace import Workspace
from portdash.store.codec import Json
from portdash.store.fields import Fields, checked


def lease_body(lease: Lease) -> Json:
    """Return a lease but for its key."""
    body: Json = {"pid": lease.pid, "started": lease.started, "boot": lease.boot_id, "token": lease.token}
    if lease.supervised:
        body["supervised"] = True
    return body


def lease_from(key: ServiceKey, body: Fields) -> Lease:
    """Return the lease that a key and a body stand for."""
    lease = Lease(
        key=key,
        pid=body.whole("pid"),
        started=body.whole("started"),
        boot_id=body.text("boot"),
        token=body.text("token"),
        supervised=body.flag("supervised"),
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
