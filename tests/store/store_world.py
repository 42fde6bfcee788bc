"""Small words for talking to a store in tests."""

import os
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

from portdash.model.assignment import Assignment, Lease, Reason, ServiceKey, ServiceSpec, Source, Verdict
from portdash.model.kept import PlanRecord, PlanState
from portdash.model.ports import IpProtocol
from portdash.model.requests import Request, RequestKind
from portdash.model.state import StoreState
from portdash.model.storage import Applied, Batch, Claim, Op, Rejected, Remove, Store
from portdash.model.workspace import Workspace
from portdash.store.projection.projected import ProjectedStore
from portdash.store.projection.scope import Scope
from portdash.store.sqlite import SqliteStore

HOST = "0123456789abcdef0123456789abcdef"
_ids = (f"batch-{os.getpid()}-{number}" for number in count(1))
"""Another in every process: a batch whose id a store has seen has no second effect."""


FILES = ["portdash.db", "portdash.db-journal", "portdash.db.lock"]
"""What a store that was written leaves in its directory."""

SHOP = Workspace(name="shop", root="/src/shop")


def projected(
    authority: Store,
    file: Path,
    state_dir: Path,
    *,
    workspace: Workspace = SHOP,
    declared: Mapping[str, ServiceSpec] = MappingProxyType({}),
    **said: Any,  # noqa: ANN401 (what the store itself takes)
) -> ProjectedStore:
    """The authority with the ports of a workspace committed in `file`."""
    scope = Scope(host=HOST, user="dev", workspace=workspace, environment="development", declared=declared)
    return ProjectedStore(authority, file, scope, state_dir=state_dir, clock=lambda: 1000.0, **said)


def key(name: str, *, workspace: str = "shop", protocol: IpProtocol = IpProtocol.TCP, host: str = HOST) -> ServiceKey:
    return ServiceKey(host, "dev", workspace, "development", name.casefold(), protocol)


def row(name: str, port: int, *, source: Source = Source.SEQUENTIAL, of: ServiceKey | None = None) -> Assignment:
    of = of or key(name)
    return Assignment(
        key=of,
        spec=ServiceSpec(name=name, type="web", purpose="front end", protocol=of.protocol, preferred=(port,)),
        port=port,
        source=source,
        attempts=2,
        reasons=(Reason(3000, Verdict.LISTENING, "node 4121"), Reason(port, Verdict.CHOSEN)),
        assigned_at=1000.5,
        actor="cli",
    )


def claim(*options: Assignment, expected: int | None = None, reason: str = "asked") -> Claim:
    return Claim(options=options, expected=expected, reason=reason)


def remove(found: Assignment, reason: str = "given back") -> Remove:
    return Remove(key=found.key, expected=found.revision, reason=reason)


def batch(*ops: Op, id: str | None = None, at: float = 1000.0, workspace: str = "shop") -> Batch:  # noqa: A002
    return Batch(id=id or next(_ids), title="a change", workspace=workspace, actor="cli", at=at, ops=tuple(ops))


def applied(store: Store, *ops: Op, at: float = 1000.0) -> Applied:
    answer = store.apply(batch(*ops, at=at))
    assert isinstance(answer, Applied), answer.detail
    return answer


def rejected(store: Store, *ops: Op) -> Rejected:
    answer = store.apply(batch(*ops))
    assert isinstance(answer, Rejected)
    return answer


def ports(store: Store) -> dict[str, int]:
    return {row.name: row.port for row in store.snapshot().assignments.values()}


def filled(store: Store, names: Iterable[str], *, first: int = 4000) -> Store:
    for port, name in enumerate(names, first):
        applied(store, claim(row(name, port)))
    return store


def lease_of(name: str, token: str) -> Lease:
    return Lease(key=key(name), pid=77, started=123, boot_id="boot", token=token)


def asked(identity: str, name: str, lease: str = "t") -> Request:
    """A request to stop, asked at 1000 with 30 s to answer it."""
    kind = RequestKind.STOP
    return Request(id=identity, key=key(name), kind=kind, token=lease, actor="cli", at=1000.0, deadline=1030.0)


def plan(identity: str, *reserved: int, state: PlanState = PlanState.APPLYING) -> PlanRecord:
    slots = tuple((IpProtocol.TCP, port) for port in reserved)
    return PlanRecord(
        id=identity,
        host=HOST,
        workspace="shop",
        title="free 3000",
        state=state,
        pid=77,
        started=123,
        boot_id="boot",
        reserved=slots,
    )


def again(path: Path) -> StoreState:
    """Read the whole file with a store of its own."""
    other = SqliteStore(path, host=HOST)
    try:
        return other.snapshot()
    finally:
        other.close()
