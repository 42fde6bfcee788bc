"""Which services portdash itself starts again: those it runs that move, and those that asked to follow them. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from portdash.model.assignment import ServiceKey
from portdash.model.names import base_name
from portdash.model.plan import Action, Step
from portdash.model.snapshot import SeenListener, Snapshot
from portdash.text import and_list, clean


def is_supervised(snapshot: Snapshot, key: ServiceKey) -> bool:
    """Say whether a `portdash run` looks after a service."""
    lease = snapshot.leases.get(key)
    return lease is not None and lease.supervised


def is_run(snapshot: Snapshot, seen: SeenListener) -> bool:
    """Say whether a listener is the server of a service that a `portdash run` looks after, wherever it listens."""
    return seen.key is not None and seen.is_owned and is_supervised(snapshot, seen.key)


def makes_room(snapshot: Snapshot, seen: SeenListener) -> bool:
    """Say whether a listener is that of a service's own child, which its supervisor takes elsewhere when told."""
    if seen.key is None or not is_supervised(snapshot, seen.key):
        return False
    supervisor = snapshot.leases[seen.key].pid
    return supervisor in seen.listener.pids or any(each.pid == supervisor for each in seen.listener.ancestors)


def restarts_of_moved(snapshot: Snapshot, steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the restart of each service that is run by portdash and gets another port, unless it listens there."""
    for step in steps:
        if step.action is not Action.MOVE or step.key is None or not is_supervised(snapshot, step.key):
            continue
        servers = (each for each in snapshot.listeners if each.is_owned and each.key == step.key)
        if not any(each.listener.port == step.to_port for each in servers):
            yield Step(
                action=Action.RESTART,
                reason="portdash runs it",
                key=step.key,
                before=step.before,
                options=step.options[:1],
            )


def moved_keys(steps: Iterable[Step]) -> frozenset[ServiceKey]:
    """Return the services that get another port."""
    return frozenset(step.key for step in steps if step.action is Action.MOVE and step.key is not None)


def restarts_of_followers(
    snapshot: Snapshot, moved: Collection[ServiceKey], followers: Mapping[str, frozenset[str]]
) -> Iterator[Step]:
    """Yield the restart of each service that is run by portdash, stays, and follows one of those that have `moved`.

    `followers` says which services of this workspace and environment each one follows, by names in lower case. Every
    instance of a service follows what the service does, and follows each instance of it.
    """
    here = snapshot.where
    names = {key.service for key in moved if key.where == here}
    for key in sorted(snapshot.leases.keys() - set(moved)):
        wanted = followers.get(base_name(key.service), frozenset())
        followed = sorted(name for name in names if name in wanted or base_name(name) in wanted)
        row = snapshot.assignments.get(key)
        if row is None or not followed or key.where != here or not is_supervised(snapshot, key):
            continue
        reason = f"it asks to be when {and_list(map(clean, followed))} {'moves' if len(followed) == 1 else 'move'}"
        yield Step(action=Action.RESTART, reason=reason, key=key, before=row, options=(row,))
