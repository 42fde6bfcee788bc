"""What `run` was asked to do, and what is known of the service before its child starts."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from portdash.config.services import RestartOn
from portdash.errors import PortdashError, StoreBusy, StoreError
from portdash.identifiers import new_id
from portdash.machine.living import lives
from portdash.manager.allocate import allocate
from portdash.manager.apply import apply_plan
from portdash.manager.deps import Deps
from portdash.manager.exporting import export_variables, own_rows
from portdash.manager.plans import plan_move, plan_release
from portdash.manager.wishes import Wish, place
from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.plan import Strategy
from portdash.planning.start_order import sharers
from portdash.record import record
from portdash.store.locking import lock_file
from portdash.supervisor.environment import Run, child_environment
from portdash.supervisor.logs import log_path
from portdash.text import clean

GRACE = 10.0
"""Seconds a child that is asked to end may take."""


@record(kw_only=True)
class Order:
    """How one service is to be run."""

    wish: Wish
    command: tuple[str, ...]
    """Program and arguments, with places for the port."""
    cwd: Path
    strategy: Strategy | None = None
    restart: RestartOn | None = None
    """After which end of its own the child is started again: `failure`, `exit`, or none."""
    hands_socket: bool = False
    """Whether the child gets a listening socket as descriptor 3, in the way of systemd."""
    grace: float = GRACE


@record(kw_only=True)
class Ready:
    """A service with its port, about to be started."""

    row: Assignment
    token: str
    environ: Mapping[str, str]
    before: int | None
    """The port that the service had until now, None where it had none."""
    notices: tuple[str, ...] = ()
    leased: bool = True
    """Whether the store has the lease: one that is away has not."""


class AlreadyRunning(PortdashError):
    """The service runs; `run` starts no second one unasked."""

    code = "already_running"
    default_hint = "`--another` starts one more instance, on a port of its own"


def key_of(deps: Deps, wish: Wish) -> ServiceKey:
    """Return which service a wish is about."""
    return place(deps, deps.observer.snapshot(), wish).key


@contextlib.contextmanager
def only_one(state_dir: Path, key: ServiceKey, *, how: Callable[[], str | None]) -> Iterator[None]:
    """Be the only `run` of a service while inside. Raises AlreadyRunning, StoreError.

    `how` tells where the other one runs, as `on 4000 (node 4121)`; None where that is not to be seen yet. A lock that
    ends with its process, and not the lease: that one says who uses the port, and can be replaced.
    """
    path = log_path(state_dir, key).with_suffix(".lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{clean(str(path.parent), limit=None)} cannot be made: {error.strerror or error}",
            hint="check the permissions and free space of that directory",
        ) from error
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(lock_file(str(path), patience=0.0, store=str(path)))
        except StoreBusy as error:
            where = how() or "under another portdash"
            raise AlreadyRunning(f"{clean(key.service)} runs already {where}") from error
        yield


def check_not_running(deps: Deps, key: ServiceKey) -> None:
    """Raise AlreadyRunning when a server of the service is seen."""
    view = deps.observer.snapshot().service(key)
    if view is None or not view.is_running:
        return
    own = [*view.listeners, *view.elsewhere]
    listener = own[0]
    raise AlreadyRunning(f"{clean(view.name)} runs already on {listener.port}: {clean(listener.label)}")


def leave(deps: Deps, row: Assignment) -> None:
    """Move the service off a port that its child could not have, unless it has another by now. Raises PortdashError.

    Who has the port need not be seen: a connection that lingers keeps a server away that sets no SO_REUSEADDR.
    """
    snapshot = deps.observer.snapshot()
    view = snapshot.service(row.key)
    if view is not None and view.port == row.port:
        apply_plan(deps, plan_move(deps, snapshot, row.key))


def give_back(deps: Deps, ready: Ready) -> None:
    """Release the port of a child that could not be started, unless it is an older one. Raises PortdashError."""
    snapshot = deps.observer.snapshot()
    view = snapshot.service(ready.row.key)
    if ready.before is None and view is not None and view.port == ready.row.port:
        apply_plan(deps, plan_release(deps, snapshot, [ready.row.key]))


def prepare(deps: Deps, order: Order) -> Ready:
    """Give the service its port and a lease, and put its environment together. Raises what allocating raises.

    What is declared to share its port has it from then on, too, so that the child finds it in its environment.
    """
    before = deps.store.snapshot().assignments
    beside = [Wish(name=name) for name in sharers(deps.config.services, [order.wish.name])]
    found = allocate(deps, [order.wish], strategy=order.strategy, lease=True, supervised=True, beside=beside)
    row = found.assignments[0]
    lease = deps.store.snapshot().leases.get(row.key)
    # A store that is away gives the port there was and takes no lease; what its copy has of one is somebody else's.
    leased = lease is not None and lease.pid == os.getpid() and lives(deps.machine, lease)
    token = lease.token if lease is not None and leased else new_id()
    known = before.get(row.key)
    return Ready(
        row=row,
        token=token,
        environ=_environ(deps, row, token),
        before=known.port if known else None,
        notices=found.notices,
        leased=leased,
    )


def on_port(deps: Deps, ready: Ready, port: int) -> Ready:
    """Return a service as it is to be started on `port`, which is not looked for: somebody asked for it.

    Its environment is that of the store as it is now. Raises PortdashError.
    """
    row = deps.store.snapshot().assignments.get(ready.row.key, ready.row)
    row = row if row.port == port else replace(row, port=port)
    return replace(ready, row=row, environ=_environ(deps, row, ready.token), notices=())


def _environ(deps: Deps, row: Assignment, token: str) -> Mapping[str, str]:
    snapshot = deps.observer.snapshot()
    rows = (row if each.key == row.key else each for each in own_rows(deps, snapshot))
    return child_environment(deps.environ, Run(row, token), rows, export_variables(deps, snapshot))
