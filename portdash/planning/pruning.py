"""Planning to give back what workspaces have whose directory is gone."""

from dataclasses import replace

from portdash.errors import NoSuchService
from portdash.model.assignment import Assignment
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot
from portdash.planning.inheritance import plain
from portdash.planning.releasing import plan_release
from portdash.planning.wording import Names
from portdash.text import plural


def rows_of(snapshot: Snapshot, workspace: str) -> tuple[Assignment, ...]:
    """Return what this user has in a workspace, in every environment, by environment and name."""
    rows = (
        row for row in snapshot.assignments.values() if (row.key.user, row.key.workspace) == (snapshot.user, workspace)
    )
    return tuple(sorted(rows, key=lambda row: plain(row.key)))


def plan_prune(snapshot: Snapshot, workspace: str, *, actor: str) -> Plan:
    """Plan the release of all that a vanished workspace has. Raises NoSuchService when it is there, or has nothing."""
    rows = rows_of(snapshot, workspace)
    label = Names.of(snapshot.workspaces, snapshot.environment).workspace(workspace)
    if workspace not in snapshot.vanished or not rows:
        raise NoSuchService(f"{label} is not gone, or has no port to give back")
    keys = [row.key for row in rows]
    plan = plan_release(snapshot, keys, actor=actor, reason="the directory of its workspace is gone")
    return replace(plan, title=f"prune {label}: {plural(len(rows), 'port')}")
