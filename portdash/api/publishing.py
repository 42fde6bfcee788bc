"""The server as a service like any other: it gets its port from the planner, and holds a lease on it while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from os import getpid

from portdash.api.sockets import AlreadyServing
from portdash.errors import NoPortAvailable, Refused, StoreError
from portdash.identifiers import new_id
from portdash.manager.allocate import allocate, settle
from portdash.manager.deps import Deps
from portdash.manager.plans import plan_move
from portdash.manager.wishes import Wish
from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.names import base_name, instance_names
from portdash.model.plan import Strategy
from portdash.model.ports import IpProtocol
from portdash.model.storage import Batch, DropLease
from portdash.record import record
from portdash.supervisor.orders import AlreadyRunning, only_one

WORKSPACE, SERVICE = "default", "portdash-api"
"""The user's, and no project's; a server beside another one is `portdash-api@2`."""
MOST_SERVERS = 32
"""Servers of one user on TCP at the same time."""


@record(kw_only=True)
class Tcp:
    """The TCP port that is wanted."""

    port: int
    is_fixed: bool = False
    """Whether it is that port or none."""


@contextmanager
def published(deps: Deps, wanted: Tcp) -> Iterator[int]:
    """Yield the port to serve on, which is the server's until the block ends; it stays assigned after that.

    A server that runs already keeps its own. In read-only mode it is the port that is wanted, and nobody is told.
    Raises NoPortAvailable, Refused, AlreadyServing, StoreError.
    """
    if deps.config.read_only:
        if problem := deps.machine.bind_error(IpProtocol.TCP, wanted.port):
            raise NoPortAvailable(f"{wanted.port} is not free: {problem}", hint="say another one: --tcp PORT")
        yield wanted.port
        return
    with _instance(deps) as name:
        row = _assigned(deps, name, wanted)
        try:
            yield row.port
        finally:
            with suppress(StoreError):  # a lease ends with its process anyway
                _let_go(deps, row.key)


def is_server(key: ServiceKey) -> bool:
    """Say whether a service is a server of the API."""
    return key.workspace == WORKSPACE and base_name(key.service) == SERVICE


@contextmanager
def _instance(deps: Deps) -> Iterator[str]:
    """Yield the name of the first instance that no other process is, and be it until the block ends.

    Locks tell, and not leases: two servers that start in the same moment would both find none.
    """
    for name in instance_names(SERVICE, MOST_SERVERS):
        with ExitStack() as stack:
            if deps.state_dir is not None:
                try:
                    key = deps.place.key(name, workspace=WORKSPACE)
                    stack.enter_context(only_one(deps.state_dir, key, how=lambda: None))
                except AlreadyRunning:
                    continue
            yield name
            return
    raise AlreadyServing(f"{MOST_SERVERS} servers run already", hint="use one of them, or end some")


def _assigned(deps: Deps, name: str, wanted: Tcp) -> Assignment:
    """Return the server's assignment: the port that is wanted if it can be had, whichever it had the last time."""
    if wanted.is_fixed and (problem := deps.machine.bind_error(IpProtocol.TCP, wanted.port)):
        raise NoPortAvailable(f"{wanted.port} is not free: {problem}", hint=f"`portdash who {wanted.port}` says why")
    wish = Wish(name=f"{WORKSPACE}/{name}", preferred=(wanted.port,), purpose="portdash's HTTP API")
    # Of a port that is named it is no news where else it could have been: it is had, or the error says why not.
    asking = replace(deps, log=lambda _line: None) if wanted.is_fixed else deps
    row = allocate(asking, [wish]).assignments[0]
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
            id=new_id(),
            title="serve ended",
            workspace=key.workspace,
            actor=deps.actor,
            at=deps.clock.now(),
            ops=(DropLease(key, lease.token),),
        )
    )
