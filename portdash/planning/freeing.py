"""Planning to free one port of everybody who holds it: all of them, or none."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from portdash.model.ending import Allowance
from portdash.model.plan import Action, Cost, Plan, Step, Target
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import SeenListener, Snapshot
from portdash.planning.forcing import target_of
from portdash.planning.restarting import is_run
from portdash.text import and_list, clean, plural


def targets_on(snapshot: Snapshot, port: int, protocol: IpProtocol, allows: frozenset[Allowance]) -> tuple[Target, ...]:
    """Return everybody who listens on a port, each process and container once, as they were seen."""
    found: dict[tuple[int | None, str | None], Target] = {}
    for seen in _on(snapshot, port, protocol):
        target = replace(target_of(seen.listener), allows=allows, is_supervised=is_run(snapshot, seen))
        found.setdefault((target.pid, target.container_id), target)
    return tuple(found.values())


def plan_free(snapshot: Snapshot, port: int, protocol: IpProtocol, targets: Sequence[Target]) -> Plan:
    """Plan the end of `targets`, whose groups and tools are known by now.

    All processes are one step, so that all or none of them are ended; each tool and each container is one of its own,
    and comes first: that can still be taken back.
    """
    tools = {target.tool.argv: target for target in targets if target.tool}
    containers = [target for target in targets if target.container_id]
    processes = [target for target in targets if not target.tool and not target.container_id]
    ordered = [*containers, *tools.values(), *([_together(processes)] if processes else [])]
    ordered = [replace(each, beside=_beside(each, targets)) for each in ordered]
    reason = ", ".join(_reasons(snapshot, port, protocol))
    action = {True: Action.STOP_CONTAINER, False: Action.TERMINATE}
    return Plan(
        title=f"free {port}" if protocol is IpProtocol.TCP else f"free {port}/{protocol}",
        strategy=snapshot.policy.strategy,
        workspace=snapshot.workspace,
        revision=snapshot.revision,
        steps=tuple(Step(action=action[bool(each.container_id)], reason=reason, target=each) for each in ordered),
        cost=Cost(terminated=sum(each.count for each in ordered)),
        notices=tuple(dict.fromkeys(_notices(ordered))),
        only_frees=True,
    )


def _on(snapshot: Snapshot, port: int, protocol: IpProtocol) -> list[SeenListener]:
    return [each for each in snapshot.listeners if (each.listener.port, each.listener.protocol) == (port, protocol)]


def _together(targets: Sequence[Target]) -> Target:
    """Make one target of several, which end together."""
    group = {each.pid: each for target in targets for each in target.group}
    return replace(
        targets[0],
        group=tuple(group.values()),
        holding=tuple(sorted({pid for target in targets for pid in target.holding})),
        is_supervised=all(target.is_supervised for target in targets),
        notes=tuple(note for target in targets for note in target.notes),
    )


def _beside(target: Target, targets: Sequence[Target]) -> tuple[int, ...]:
    """Return who else on the port is ended by another step."""
    own = {target.pid, *target.holding, *(each.pid for each in target.group)}
    others = {pid for each in targets for pid in (each.pid, *each.holding) if pid is not None}
    return tuple(sorted(others - own))


def _reasons(snapshot: Snapshot, port: int, protocol: IpProtocol) -> Iterator[str]:
    here = _on(snapshot, port, protocol)
    yield f"listens on {and_list(dict.fromkeys(clean(each.listener.address) for each in here))}"
    clients = sum(each.listener.connections or 0 for each in here)
    if clients:
        yield f"{plural(clients, 'client')} connected"
    for seen in here:
        view = snapshot.service(seen.key) if seen.key else None
        if view is None:
            continue
        place = "" if view.key.workspace == snapshot.workspace else f"{view.key.workspace}/"
        others = (each for each in snapshot.services if each.spec.inherit_from and each.key != view.key)
        sharing = [f"{place}{each.name}" for each in others if each.port == port and each.key.where == view.key.where]
        name = and_list(map(clean, (f"{place}{view.name}", *sharing)))
        if not seen.is_owned:
            yield f"on the port of {name}"
        elif view.key in snapshot.leases:
            yield f"the server of {name}, which has the lease"
        else:
            yield f"the server of {name}"
        return


def _notices(targets: Sequence[Target]) -> Iterator[str]:
    for target in targets:
        yield from target.notes
