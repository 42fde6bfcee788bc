"""The server as a service like any other: it gets its port from the planner, and holds a lease on it while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from os import getpid
from uuid import uuid4

from portdash.errors import NoPortAvailable, Refused, StoreError
from portdash.manager.allocate import allocate, settle
from portdash.manager.deps import Deps
from portdash.manager.plans import plan_move
from portdash.manager.wishes import Wish
from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.plan import Strategy
from portdash.model.ports import IpProtocol
from portdash.model.storage import Batch, DropLease
from portdash.record import record

WORKSPACE, SERVICE = "default", "portdash-api"
"""One a user, so it is no project's."""


@record(kw_only=True)
class Tcp:
    """The TCP port that is wanted."""

    port: int
    is_fixed: bool = False
    """Whether it is that port or none."""


@contextmanager
def published(deps: Deps, wanted: Tcp) -> Iterator[int]:
    """Yield the port to serve on, which is the server's until the block ends; it stays assigned after that.

    In read-only mode it is the port that is wanted, and nobody is told. Raises NoPortAvailable, StoreError.
    """
    if deps.config.read_only:
        if problem := deps.machine.bind_error(IpProtocol.TCP, wanted.port):
            raise NoPortAvailable(f"{wanted.port} is not free: {problem}", hint="say another one: --tcp PORT")
        yield wanted.port
        return
    row = _assigned(deps, wanted)
    try:
        yield row.port
    finally:
        with suppress(StoreError):  # a lease ends with its process anyway
            _let_go(deps, row.key)


def _assigned(deps: Deps, wanted: Tcp) -> Assignment:
    """Return the server's assignment: the port that is wanted if it can be had, whichever it had the last time."""
    if wanted.is_fixed and (problem := deps.machine.bind_error(IpProtocol.TCP, wanted.port)):
        raise NoPortAvailable(f"{wanted.port} is not free: {problem}", hint=f"`portdash who {wanted.port}` says why")
    wish = Wish(name=f"{WORKSPACE}/{SERVICE}", preferred=(wanted.port,), purpose="portdash's HTTP API")
    row = allocate(deps, [wish]).assignments[0]
    if row.port != wanted.port:
        try:  # without making anybody move
            settle(deps, partial(plan_move, deps, key=row.key, to=wanted.port, strategy=Strategy.CONSERVATIVE))
        except (NoPortAvailable, Refused):
            if wanted.is_fixed:
                raise
    return allocate(deps, [wish], lease=True).assignments[0]


def _let_go(deps: Deps, key: ServiceKey) -> None:
    lease = deps.store.snapshot().leases.get(key)
    if lease is None or lease.pid != getpid():
        return
    deps.store.apply(
        Batch(
            id=uuid4().hex,
            title="serve ended",
            workspace=key.workspace,
            actor=deps.actor,
            at=deps.clock.now(),
            ops=(DropLease(key, lease.token),),
        )
    )
