"""What is worth knowing about the services, ports and listeners of a snapshot."""

from collections.abc import Collection, Iterator

from portdash.model.assignment import Assignment, Lease, Source
from portdash.model.checkup import Check, Level
from portdash.model.conflict import Conflict
from portdash.model.listener import Listener, Process
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import SeenListener, Snapshot
from portdash.planning.rules import is_browser_blocked, outside
from portdash.planning.utilisation import utilisation
from portdash.planning.wording import Names, holder_text
from portdash.text import and_list, clean, plural

PORTS, CONFLICTS, NETWORK, SIGHT, LEFT_BEHIND = "ports", "conflicts", "network", "sight", "left behind"
AIRPLAY = frozenset((5000, 7000))
"""Ports on which macOS answers itself, and takes them back when its server is ended."""
_MOST = 8
"""Findings of one kind that are named one by one."""


def port_checks(snapshot: Snapshot) -> Iterator[Check]:
    """Yield what is to be said of the ranges and of the ports that are assigned."""
    yield from _ranges(snapshot)
    names = Names.of(snapshot.workspaces, snapshot.environment)
    found = [check for row in _own(snapshot) for check in _assignment(snapshot, names, row)]
    yield from _bounded(found, PORTS)
    if not any(check.level is not Level.OK for check in found):
        yield Check(section=PORTS, level=Level.OK, text=f"{plural(len(_own(snapshot)), 'assigned port')} can be used")


def conflict_checks(snapshot: Snapshot) -> Iterator[Check]:
    """Yield the conflicts: those of this workspace fail, those of others and notices are warnings."""
    names = Names.of(snapshot.workspaces, snapshot.environment)
    found = [_conflict(snapshot, names, each) for each in snapshot.conflicts]
    yield from _bounded(found, CONFLICTS)
    if not found:
        yield Check(section=CONFLICTS, level=Level.OK, text="no service is in conflict")


def network_checks(snapshot: Snapshot) -> Iterator[Check]:
    """Yield the servers of this user which others on the network can reach."""
    found: dict[tuple[int, str], list[SeenListener]] = {}
    for seen in snapshot.listeners:
        listener = seen.listener
        if listener.protocol is IpProtocol.TCP and is_open(listener.address) and _is_own(listener, snapshot.user):
            found.setdefault((listener.port, holder_text(listener)), []).append(seen)
    checks = [
        Check(
            section=NETWORK,
            level=Level.WARN,
            text=f"{who} answers the whole network on {port}: {and_list(sorted({_address(each) for each in seen}))}",
            hint=_closing(seen[0].listener),
        )
        for (port, who), seen in sorted(found.items())
    ]
    yield from _bounded(checks, NETWORK)
    if not checks:
        yield Check(section=NETWORK, level=Level.OK, text="none of your servers is open to the network")


def left_behind_checks(snapshot: Snapshot, leases: Collection[Lease]) -> Iterator[Check]:
    """Yield what ended programs and deleted directories have left: `leases` are all that the store holds."""
    names = Names.of(snapshot.workspaces, snapshot.environment)
    gone = sorted({row.key.workspace for row in _own(snapshot) if row.key.workspace in snapshot.vanished})
    for workspace in gone:
        count = sum(1 for row in _own(snapshot) if row.key.workspace == workspace)
        text = f"the directory of {names.workspace(workspace)} is gone, which has {plural(count, 'port')}"
        yield Check(section=LEFT_BEHIND, level=Level.WARN, text=text, hint="`portdash prune` gives them back")
    orphans = {
        (seen.listener.pid, seen.listener.port): seen.listener
        for seen in snapshot.listeners
        if seen.listener.orphan and (seen.key is not None or seen.listener.project is not None)
    }
    yield from _bounded([_orphan(each) for each in orphans.values()], LEFT_BEHIND)
    stale = [each for each in leases if each.key.host == snapshot.host and each.key not in snapshot.leases]
    if stale:
        text = f"{plural(len(stale), 'lease')} of programs that have ended: {_some(names, stale)}"
        yield Check(section=LEFT_BEHIND, level=Level.OK, text=f"{text}; they keep nothing from anybody")
    if not (gone or orphans):
        yield Check(section=LEFT_BEHIND, level=Level.OK, text="no orphaned server, no workspace without a directory")


def sight_checks(snapshot: Snapshot, *, why_hidden: str | None) -> Iterator[Check]:
    """Yield what of the machine could not be seen. Notices that the configuration brings are not repeated."""
    if snapshot.hidden_owners:
        listeners = plural(snapshot.hidden_owners, "listener")
        because = f": {clean(why_hidden)}" if why_hidden else ""
        yield Check(
            section=SIGHT,
            level=Level.WARN,
            text=f"who owns {listeners} cannot be read{because}",
            hint="`sudo portdash ls` shows them; they count as taken meanwhile",
        )
    else:
        yield Check(section=SIGHT, level=Level.OK, text=f"all owners of {len(snapshot.listeners)} listeners are seen")
    for notice in snapshot.notices:
        yield Check(section=SIGHT, level=Level.WARN, text=clean(notice, limit=None))


def is_open(address: str) -> bool:
    """Say whether a socket on `address` answers others than this machine."""
    plain = address.casefold().removeprefix("::ffff:").partition("%")[0]
    return not (plain.startswith("127.") or plain in ("::1", "localhost"))


def _own(snapshot: Snapshot) -> list[Assignment]:
    """Return the assignments of this user, in every workspace and environment, by port."""
    rows = [row for key, row in snapshot.assignments.items() if (key.host, key.user) == (snapshot.host, snapshot.user)]
    return sorted(rows, key=lambda row: (row.port, row.key))


def _ranges(snapshot: Snapshot) -> Iterator[Check]:
    overlaps = [each for each in utilisation(snapshot) if each.ephemeral]
    for each in overlaps:
        text = f"the range {clean(each.name)} {each.ports} meets {snapshot.limits.ephemeral}, for outgoing connections"
        hint = f"end it below {each.ephemeral.first}" if each.ephemeral else None
        yield Check(section=PORTS, level=Level.WARN, text=text, hint=f"{hint}; those ports are never given out")
    if not overlaps and snapshot.limits.ephemeral:
        text = f"no range meets {snapshot.limits.ephemeral}, which the system hands to outgoing connections"
        yield Check(section=PORTS, level=Level.OK, text=text)


def _assignment(snapshot: Snapshot, names: Names, row: Assignment) -> Iterator[Check]:
    limits, port = snapshot.limits, row.port
    what = f"{names.service(row.key, row.name)} has {port}"
    move = f"`portdash move {clean(row.name)}` gives it another"
    if row.key.workspace != snapshot.workspace:
        move = f"`portdash move {names.service(row.key, row.name)}` gives it another"
    if limits.ephemeral and port in limits.ephemeral:
        text = f"{what}, which the system may hand to an outgoing connection first"
        yield Check(section=PORTS, level=Level.WARN, text=text, hint=move)
    if port < limits.unprivileged_start and not limits.privileged:
        yield Check(section=PORTS, level=Level.FAIL, text=f"{what}, which needs a privilege to bind", hint=move)
    if port in limits.reserved:
        yield Check(section=PORTS, level=Level.WARN, text=f"{what}, which the system reserves", hint=move)
    elif port in AIRPLAY:
        text = f"{what}, where macOS has AirPlay: a colleague's Mac gets another"
        yield Check(section=PORTS, level=Level.OK, text=text)
    is_asked = port in row.spec.preferred and row.source is not Source.INHERITED
    if is_asked and (where := outside(row.spec, port, snapshot.policy)):
        yield Check(section=PORTS, level=Level.OK, text=f"{what}, which it asks for, outside {where}")
    if is_browser_blocked(row.spec, port):
        yield Check(section=PORTS, level=Level.WARN, text=f"{what}, which browsers refuse to talk to", hint=move)


def _conflict(snapshot: Snapshot, names: Names, conflict: Conflict) -> Check:
    here = conflict.key.workspace == snapshot.workspace
    label = clean(conflict.name) if here else names.service(conflict.key, conflict.name)
    level = Level.FAIL if here and not conflict.kind.is_notice else Level.WARN
    hint = None if conflict.kind.is_notice else f"`portdash resolve {label} --dry-run` shows the way out"
    return Check(section=CONFLICTS, level=level, text=f"{label}: {conflict.kind}: {clean(conflict.detail)}", hint=hint)


def _orphan(listener: Listener) -> Check:
    return Check(
        section=LEFT_BEHIND,
        level=Level.WARN,
        text=f"{holder_text(listener)} still listens on {listener.port}, and what started it is gone",
        hint=f"`portdash who {listener.port}` says what it is",
    )


def _address(seen: SeenListener) -> str:
    return clean(seen.listener.address)


def _closing(listener: Listener) -> str:
    if listener.container:
        return f"publish it as 127.0.0.1:{listener.port}:PORT, unless others are to reach it"
    return "let it listen on 127.0.0.1, unless others are to reach it"


def _is_own(listener: Listener, user: str) -> bool:
    owner: Process | None = listener.owner
    return user == (listener.user or (owner.user if owner else None))


def _some(names: Names, leases: Collection[Lease]) -> str:
    said = sorted(names.service(each.key, each.key.service) for each in leases)
    more = len(said) - _MOST
    return f"{', '.join(said[:_MOST])} and {more} more" if more > 0 else and_list(said)


def _bounded(checks: list[Check], section: str) -> Iterator[Check]:
    """Yield the first checks of a kind, the worst first, and how many more there are."""
    ordered = sorted(checks, key=lambda check: (check.level is not Level.FAIL, check.level is Level.OK))
    yield from ordered[:_MOST]
    if len(ordered) > _MOST:
        level = ordered[_MOST].level
        yield Check(section=section, level=level, text=f"and {len(ordered) - _MOST} more of that kind")
