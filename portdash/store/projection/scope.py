"""Which rows of the authority a committed file stands for: those of one workspace, environment, user and host."""

from collections.abc import Mapping
from types import MappingProxyType

from portdash.model.assignment import Assignment, ServiceKey, ServiceSpec, Source
from portdash.model.ports import IpProtocol
from portdash.model.state import StoreState
from portdash.model.storage import Batch, Claim, Remove
from portdash.model.workspace import Workspace
from portdash.record import field, record
from portdash.store.projection.merge import Held


@record(kw_only=True)
class Scope:
    """One workspace of one user in one environment on one machine, and what is declared of its services."""

    host: str
    user: str
    workspace: Workspace
    environment: str
    declared: Mapping[str, ServiceSpec] = field(default_factory=lambda: MappingProxyType({}))
    """What services ask for, by folded name; a service that is in the file alone asks for its committed port."""

    @property
    def owner(self) -> tuple[str, str, str, str]:
        """What tells this scope from others."""
        return self.host, self.user, self.workspace.name, self.environment

    def owns(self, key: ServiceKey) -> bool:
        """Say whether a service is one of these."""
        return (key.host, key.user, key.workspace, key.environment) == self.owner

    def key(self, name: str, protocol: IpProtocol) -> ServiceKey:
        """Return the key of a service of this scope."""
        return ServiceKey(*self.owner, name.casefold(), protocol)

    def concerns(self, batch: Batch) -> bool:
        """Say whether a batch is about rows that the file stands for."""
        claimed = (op.options[0].key for op in batch.ops if isinstance(op, Claim) and op.options)
        removed = (op.key for op in batch.ops if isinstance(op, Remove))
        return any(map(self.owns, (*claimed, *removed)))

    def rows(self, state: StoreState) -> dict[str, Assignment]:
        """Return the rows by folded name; of a service with two protocols the file knows the TCP port."""
        mine = [row for key, row in state.assignments.items() if self.owns(key)]
        mine.sort(key=lambda row: row.key.protocol is IpProtocol.TCP)
        return {row.key.service: row for row in mine}

    def spec(self, name: str, row: Assignment | None) -> ServiceSpec | None:
        """Return what a service asks for, as its row or else its declaration says; None when neither is there."""
        return row.spec if row else self.declared.get(name.casefold())


def parent_of(row: Assignment) -> str | None:
    """Return the folded name of the service whose port a row shares."""
    shares = row.source is Source.INHERITED and row.spec.inherit_from is not None
    return row.spec.inherit_from.casefold() if shares and row.spec.inherit_from else None


def held(rows: Mapping[str, Assignment]) -> dict[str, Held]:
    """Return rows as the merge sees them."""
    return {
        name: Held(port=row.port, home=row.home, parent=parent_of(row), protocol=row.key.protocol)
        for name, row in rows.items()
    }
