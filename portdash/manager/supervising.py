"""Stopping services that portdash runs, and starting them again where they are."""

import os
from collections.abc import Sequence

from portdash.errors import LockedDown, NotSupervised, Refused
from portdash.manager.deps import Deps
from portdash.manager.requests import Question, ask_all
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Action, Plan
from portdash.model.requests import Request, RequestKind
from portdash.model.snapshot import Snapshot
from portdash.planning.wording import name_for_shell
from portdash.text import and_list, clean


def supervised(snapshot: Snapshot) -> tuple[ServiceKey, ...]:
    """Return the services of this workspace and environment that a `portdash run` looks after, by name."""
    here = snapshot.where
    return tuple(sorted(key for key, lease in snapshot.leases.items() if lease.supervised and key.where == here))


def stop(deps: Deps, snapshot: Snapshot, keys: Sequence[ServiceKey]) -> tuple[Request, ...]:
    """Let services end, all at once; return the requests with their answers, in the order of `keys`.

    Raises LockedDown, NotSupervised (nobody is asked then), Unanswered, StoreError.
    """
    return _ask(deps, snapshot, keys, RequestKind.STOP)


def restart(deps: Deps, snapshot: Snapshot, keys: Sequence[ServiceKey]) -> tuple[Request, ...]:
    """Let services end and start again on the ports they have. Returns and raises as `stop`."""
    return _ask(deps, snapshot, keys, RequestKind.RESTART)


def check_nobody_runs(snapshot: Snapshot, plan: Plan) -> None:
    """Raise Refused for a plan that releases a service which another process runs, and looks after."""
    run = [
        step
        for step in plan.steps
        if step.action is Action.RELEASE
        and (lease := snapshot.leases.get(step.key) if step.key else None)
        and lease.supervised
        and lease.pid != os.getpid()
    ]
    if not run:
        return
    names = [name_for_shell(snapshot, step.before) for step in run if step.before]
    runs = f"{and_list(names)} {'is' if len(names) == 1 else 'are'} run by portdash"
    raise Refused(
        f"{runs}: `portdash stop {' '.join(names)}` first",
        hint="a server whose service has no port any more goes on, and cannot be stopped by its name",
    )


def _ask(deps: Deps, snapshot: Snapshot, keys: Sequence[ServiceKey], kind: RequestKind) -> tuple[Request, ...]:
    if deps.config.read_only:
        raise LockedDown(f"read-only: nobody was asked to {kind}")
    for key in keys:
        lease = snapshot.leases.get(key)
        if lease is None or not lease.supervised:
            raise _nobody(snapshot, key)
    return ask_all(deps, [Question(key, kind) for key in keys])


def _nobody(snapshot: Snapshot, key: ServiceKey) -> NotSupervised:
    """Return the error for a service that nobody looks after, with what can be done about its server."""
    view = snapshot.service(key)
    name = clean(view.name if view else key.service)
    if view is None or not view.is_running:
        return NotSupervised(f"{name} is not run by portdash, and no server of it is seen")
    listener = (*view.listeners, *view.elsewhere)[0]
    return NotSupervised(
        f"{name} is not run by portdash: there is nobody to ask",
        hint=f"`portdash free {listener.port}` ends its server",
    )
