"""How much of a snapshot a report or a status is about."""

from portdash.model.assignment import ServiceKey
from portdash.model.conflict import Conflict
from portdash.model.snapshot import SeenListener, ServiceView, Snapshot
from portdash.record import record
from portdash.text import clean


@record(kw_only=True)
class Scope:
    """One service, one workspace, or, with neither, all of it."""

    workspace: str | None = None
    """Name of the workspace."""
    service: ServiceKey | None = None

    def services(self, snapshot: Snapshot) -> tuple[ServiceView, ...]:
        """Return the services concerned, in the snapshot's order."""
        return tuple(view for view in snapshot.services if self._covers(view.key))

    def conflicts(self, snapshot: Snapshot) -> tuple[Conflict, ...]:
        """Return their conflicts, worst first. One that shares a port has its parent's too when it is alone."""
        if self.service is not None:
            return tuple(conflict for view in self.services(snapshot) for conflict in view.conflicts)
        return tuple(conflict for conflict in snapshot.conflicts if self._covers(conflict.key))

    def other_listeners(self, snapshot: Snapshot) -> tuple[SeenListener, ...]:
        """Return the listeners that are no service's: of the workspace's directory, or all; none for one service."""
        others = [seen for seen in snapshot.listeners if seen.key is None]
        if self.service is not None:
            return ()
        if self.workspace is None:
            return tuple(others)
        workspace = snapshot.workspace_named(self.workspace)
        if workspace is None or workspace.root is None:
            return ()
        return tuple(seen for seen in others if seen.listener.project and seen.listener.project.root == workspace.root)

    def label(self, snapshot: Snapshot) -> str:
        """Return what it is about, ready to read: `shop/web`, `shop@fix-login`, `all workspaces`."""
        if self.service is not None:
            view = snapshot.service(self.service)
            name = view.name if view else self.service.service
            return f"{workspace_label(snapshot, self.service.workspace)}/{clean(name)}"
        return workspace_label(snapshot, self.workspace) if self.workspace else "all workspaces"

    def _covers(self, key: ServiceKey) -> bool:
        if self.service is not None:
            return key == self.service
        return self.workspace is None or key.workspace == self.workspace


def workspace_label(snapshot: Snapshot, name: str) -> str:
    """Return how people read a workspace: `shop@fix-login` for `shop~1a2b`; cleaned."""
    workspace = snapshot.workspace_named(name)
    return clean(workspace.label if workspace else name)
