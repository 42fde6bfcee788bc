"""Getting a service the very port it wants, whoever holds it: the aggressive way."""

from collections.abc import Iterable, Sequence

from portdash.model.assignment import Assignment, ServiceKey, Verdict
from portdash.model.listener import Listener
from portdash.model.plan import Target
from portdash.model.protected import data_owner_of, protection_of
from portdash.model.snapshot import SeenListener
from portdash.planning.candidates import find
from portdash.planning.displacement import may_displace, release_vanished
from portdash.planning.drafting import Draft, displaced
from portdash.planning.occupancy import Group
from portdash.planning.restarting import is_run, makes_room
from portdash.planning.wording import holder_text
from portdash.record import replace
from portdash.text import clean


def force(draft: Draft, group: Group, port: int) -> str | None:
    """Clear `port` for a group: move the services that have it, end the processes that hold it.

    Returns None when the steps are drafted, or why the port cannot be had, and then nothing is drafted.
    """
    occupancy = draft.occupancy
    moves = _moves(draft, group, port)
    if isinstance(moves, str):
        return moves
    leaving = frozenset(key for other, _ in moves for key in other.members)
    if refusal := occupancy.blocked(group, port, ()):
        return f"{refusal.verdict.value}: {refusal.holder}" if refusal.holder else refusal.verdict.value
    strangers = [
        seen
        for seen in occupancy.strangers(group, port)
        if not (seen.key in leaving and makes_room(draft.snapshot, seen))
    ]
    for seen in strangers:
        if problem := _untouchable(seen.listener, draft.snapshot.user):
            return f"{holder_text(seen.listener)} holds it, and {problem}"
    release_vanished(draft, group, port)
    _end_all(draft, group, strangers)
    runs = {other.root: occupancy.servers(other) for other, _ in moves}
    strays = {
        occupancy.root(seen.key): port
        for seen in strangers
        if seen.key is not None and seen.is_owned and seen.key not in leaving
    }
    occupancy.clear((protocol, port) for protocol in group.protocols)
    for other, options in moves:
        draft.set_row(options, f"makes room for {occupancy.label(group.root)} on {port}")
        _say_what_becomes_of(draft, other, runs[other.root], options[0].port)
    for key in strays:
        if row := occupancy.rows.get(key):
            draft.leave(
                f"{occupancy.label(key)} is ended on {port}: start it again on {row.port}", asked=False, restart=key
            )
    return None


def _end_all(draft: Draft, group: Group, strangers: Sequence[SeenListener]) -> None:
    """Draft the end of those who hold a port, each process and container once."""
    holders: dict[tuple[int | None, str | None], list[SeenListener]] = {}
    for seen in strangers:
        target = target_of(seen.listener)
        holders.setdefault((target.pid, target.container_id), []).append(seen)
    for same in holders.values():
        own = _pids(same)
        target = replace(
            target_of(same[0].listener),
            beside=tuple(sorted(_pids(strangers) - own)),
            is_supervised=any(is_run(draft.snapshot, seen) for seen in same),
        )
        draft.end(target, _why(draft, group, same[0], target.port))


def _pids(strangers: Iterable[SeenListener]) -> set[int]:
    return {pid for seen in strangers for pid in seen.listener.pids}


def _say_what_becomes_of(draft: Draft, group: Group, servers: list[SeenListener], port: int) -> None:
    """Note that the server of a service which was moved has to be started again."""
    name = draft.occupancy.label(group.root)
    if servers and not draft.occupancy.servers(group) and not draft.is_restarted(group):
        draft.leave(f"{name} is ended: start it again on {port}", asked=False, restart=group.root)
    else:
        draft.say_what_runs(group, port)


def target_of(listener: Listener) -> Target:
    """Return the identity of what holds a port, as it is checked again before it is ended."""
    container, owner = listener.container, listener.owner
    return Target(
        label=clean(listener.label),
        protocol=listener.protocol,
        port=listener.port,
        pid=owner.pid if owner and not container else None,
        started_at=owner.started_at if owner and not container else None,
        ticks=owner.ticks if owner and not container else 0,
        container_id=container.id if container else None,
    )


def _moves(draft: Draft, group: Group, port: int) -> list[tuple[Group, tuple[Assignment, ...]]] | str:
    """Return where the services on `port` go, each to the first free candidate of its own; or who cannot go."""
    occupancy = draft.occupancy
    roots: dict[ServiceKey, Group] = {}
    for key in occupancy.rivals(group, port):
        if not occupancy.is_vanished(key):
            root = occupancy.root(key)
            holder = occupancy.rows.get(root)
            top = root if holder is not None and holder.port == port else key
            roots.setdefault(top, occupancy.group(top))
    moves: list[tuple[Group, tuple[Assignment, ...]]] = []
    given: set[int] = {port}
    for root, other in roots.items():
        if problem := _immovable(draft, group, other):
            return f"{occupancy.label(root)} has it, and {problem}"
        found = find(occupancy, other, avoid=frozenset(given), actor=draft.actor)
        if not found.options or found.last_verdict is Verdict.VANISHED:
            return f"{occupancy.label(root)} has it, and there is no other port for that one"
        row = occupancy.rows[root]
        options = tuple(displaced(row, each) for each in found.options)
        given.add(options[0].port)
        moves.append((other, options if len(roots) == 1 else options[:1]))
    return moves


def _immovable(draft: Draft, claimant: Group, group: Group) -> str | None:
    """Return why a service stays where it is, None when it may be displaced."""
    occupancy = draft.occupancy
    if may_displace(draft, claimant, group):
        return None
    if occupancy.is_pinned(group):
        return "is pinned"
    if occupancy.priority(group) < occupancy.priority(claimant):
        return "is more important"
    if group.root.user != claimant.root.user:
        return f"belongs to {clean(group.root.user)}"
    if group.members & draft.claimants or draft.touches(group.members):
        return "got it in the same plan"
    return "this project is not trusted to move services of others"


def _untouchable(listener: Listener, user: str) -> str | None:
    """Return why a holder is not ended, None when it may be, with consent."""
    if listener.container is not None:
        return None if listener.container.id else "its engine does not tell us which container that is"
    owner = listener.owner
    if owner is None:
        return "who that is may not be read"
    if owner.pid <= 2 or protection_of(owner.name or ""):
        return "it is protected"
    if data_owner_of(owner.name or ""):
        return f"it keeps data: `portdash free {listener.port} --i-know` ends it"
    holder = listener.user or owner.user
    if holder is not None and holder != user:
        return f"it runs as {clean(holder)}"
    return None


def _why(draft: Draft, group: Group, seen: SeenListener, port: int) -> str:
    name = draft.occupancy.label(group.root)
    facts = "; ".join(seen.attribution.evidence) if seen.key in group.members else ""
    return f"it holds {port}, which is to be {name}'s{f' ({facts})' if facts else ''}"
