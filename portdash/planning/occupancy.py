"""Who is in the way of a service on a port: the working copy of the world that plans are tried out on."""

from collections.abc import Iterable, Mapping, Sequence

from portdash.model.assignment import Assignment, Reason, ServiceKey, ServiceSpec, Verdict
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import SeenListener, Snapshot
from portdash.named_tuple import NamedTuple
from portdash.planning.inheritance import children_of, descendants, plain, root_of
from portdash.planning.places import Places
from portdash.planning.requests import Placement
from portdash.planning.rules import asked_ports, priority_of, static_refusal
from portdash.planning.wording import Names, holder_text
from portdash.text import clean

Slot = tuple[IpProtocol, int]


class Group(NamedTuple):
    """A service and everything that shares its port."""

    root: ServiceKey
    spec: ServiceSpec
    """Of the root."""
    members: frozenset[ServiceKey]
    protocols: tuple[IpProtocol, ...]
    """Those of all members, the root's first."""


class Taken(NamedTuple):
    """Ports that nobody but who has them can get, by protocol; of the others one has to ask."""

    ports: Mapping[IpProtocol, frozenset[int]]

    def of(self, group: Group) -> frozenset[int]:
        """Return those that a group would need in one of its protocols."""
        first, *others = (self.ports[each] for each in group.protocols)
        return first.union(*others) if others else first


class Occupancy:
    """Assignments, listeners and wishes of a snapshot, to be changed as a plan grows. Not shared between plans."""

    def __init__(self, snapshot: Snapshot, placements: Iterable[Placement] = ()) -> None:
        self.snapshot = snapshot
        self._places = Places(snapshot.workspaces)
        self.names = Names.of(snapshot.workspaces, snapshot.environment)
        self.rows: dict[ServiceKey, Assignment] = dict(snapshot.assignments)
        self.specs: dict[ServiceKey, ServiceSpec] = {key: row.spec for key, row in self.rows.items()}
        placements = tuple(placements)
        self.specs |= {each.key: each.spec for each in placements}
        self._declared = {each.key: each.spec for each in snapshot.declarations}
        self._children = children_of(self.specs)
        self._at: dict[int, list[ServiceKey]] = {}
        for key, row in self.rows.items():
            self._at.setdefault(row.port, []).append(key)
        self._listeners: dict[Slot, list[SeenListener]] = {}
        self._running: dict[ServiceKey, list[SeenListener]] = {}
        for seen in snapshot.listeners:
            self._listeners.setdefault((seen.listener.protocol, seen.listener.port), []).append(seen)
            if seen.key is not None and seen.is_owned:
                self._running.setdefault(seen.key, []).append(seen)
        self._cleared: set[Slot] = set()
        self._strange: dict[IpProtocol, frozenset[int]] | None = None
        """Ports of listeners that are no service's own, once somebody has asked."""
        self._wanted_by: dict[int, list[ServiceKey]] = {}
        self._note_wishes()

    def group(self, key: ServiceKey) -> Group:
        """Return the group at whose top `key` stands; what `key` itself inherits from is not asked."""
        members = (key, *(each for each in descendants(key, self._children) if each in self.rows))
        protocols = tuple(dict.fromkeys(each.protocol for each in members))
        return Group(key, self.spec(key), frozenset(members), protocols)

    def spec(self, key: ServiceKey) -> ServiceSpec:
        """Return what a service asks for: the request at hand, else what is stored, else what is declared."""
        found = self.specs.get(key) or self._declared.get(key)
        return found or ServiceSpec(name=key.service, protocol=key.protocol)

    def root(self, key: ServiceKey) -> ServiceKey:
        """Return the service at the top of the one that `key` inherits from, `key` itself when it inherits nothing."""
        return root_of(key, self.specs)

    def below(self, key: ServiceKey) -> tuple[ServiceKey, ...]:
        """Return the services with a port that inherit from `key`, parents before their children."""
        return tuple(each for each in descendants(key, self._children) if each in self.rows)

    def label(self, key: ServiceKey) -> str:
        """Return `shop/web`."""
        return self.names.service(key, self.spec(key).name)

    def put(self, row: Assignment) -> None:
        """Give a service a port in the working copy."""
        self.drop(row.key)
        self.rows[row.key] = row
        self.specs[row.key] = row.spec
        self._at.setdefault(row.port, []).append(row.key)
        if row.spec.inherit_from is not None:
            self._children = children_of(self.specs)

    def drop(self, key: ServiceKey) -> None:
        """Take a service's port away in the working copy."""
        row = self.rows.pop(key, None)
        if row is not None:
            self._at[row.port].remove(key)

    def clear(self, slots: Iterable[Slot]) -> None:
        """Take the listeners on `slots` for ended."""
        self._cleared.update(slots)
        self._strange = None

    def at(self, slot: Slot) -> list[ServiceKey]:
        """Return the services that have this port."""
        protocol, port = slot
        return [key for key in self._at.get(port, ()) if key.protocol is protocol]

    def on_port(self, port: int) -> list[ServiceKey]:
        """Return the services that have this number in either protocol."""
        return self._at.get(port, [])

    def assigned_ports(self) -> frozenset[int]:
        """Return the numbers that services have, in either protocol."""
        return frozenset(port for port, keys in self._at.items() if keys)

    def plainly_taken(self) -> Taken:
        """Return the ports of services whose workspace is there, and those of listeners that are no service's own."""
        ports: dict[IpProtocol, set[int]] = {each: set() for each in IpProtocol}
        for key, row in self.rows.items():
            if not self.is_vanished(key):
                ports[key.protocol].add(row.port)
        if self._strange is None:
            self._strange = self._strangers_ports()
        return Taken({protocol: self._strange[protocol].union(each) for protocol, each in ports.items()})

    def _strangers_ports(self) -> dict[IpProtocol, frozenset[int]]:
        ports: dict[IpProtocol, set[int]] = {each: set() for each in IpProtocol}
        for (protocol, port), seen in self._listeners.items():
            if (protocol, port) not in self._cleared and not all(each.is_owned for each in seen):
                ports[protocol].add(port)
        return {protocol: frozenset(each) for protocol, each in ports.items()}

    def listeners(self, group: Group, port: int) -> list[SeenListener]:
        """Return who listens on `port` in the protocols of a group."""
        found: list[SeenListener] = []
        for protocol in group.protocols:
            here = self._listeners.get((protocol, port))
            if here and (protocol, port) not in self._cleared:
                found += here
        return found

    def strangers(self, group: Group, port: int) -> list[SeenListener]:
        """Return the listeners on `port` that are not the group's own."""
        return [seen for seen in self.listeners(group, port) if not (seen.is_owned and seen.key in group.members)]

    def servers(self, group: Group) -> list[SeenListener]:
        """Return the group's own listeners, wherever they are; those a plan ends are gone."""
        return [
            seen
            for key in sorted(group.members)
            for seen in self._running.get(key, ())
            if (seen.listener.protocol, seen.listener.port) not in self._cleared
        ]

    def is_usable(self, group: Group, port: int) -> bool:
        """Say whether the group, whose port this is, can use it: nobody listens there, or it does itself."""
        here = self.listeners(group, port)
        return not self.rivals(group, port) and (not here or len(self.strangers(group, port)) < len(here))

    def rivals(self, group: Group, port: int) -> list[ServiceKey]:
        """Return the services outside the group that have `port`, or must not share it with one of the group."""
        return [
            key
            for key in self._at.get(port, ())
            if key not in group.members and (key.protocol in group.protocols or self.is_mutual(group, key))
        ]

    def is_mutual(self, group: Group, other: ServiceKey) -> bool:
        """Say whether a member of the group and `other` are declared not to share a port, whatever the protocol."""
        theirs = {name.casefold() for name in self.spec(other).conflicts_with}
        for key in group.members:
            same_place = (key.user, key.workspace, key.environment) == (other.user, other.workspace, other.environment)
            if same_place and key != other:
                ours = {name.casefold() for name in self.spec(key).conflicts_with}
                if other.service in ours or key.service in theirs:
                    return True
        return False

    def is_vanished(self, key: ServiceKey) -> bool:
        """Say whether the service's workspace is gone from the disk."""
        return key.workspace in self.snapshot.vanished

    def priority(self, group: Group) -> int:
        """Return the priority of the group's most important member, 1 the highest."""
        specs = [self._declared.get(key) or self.spec(key) for key in group.members]
        return min(priority_of(spec, self.snapshot.policy) for spec in specs)

    def is_pinned(self, group: Group) -> bool:
        """Say whether a member of the group is never to be displaced."""
        return any(self.spec(key).pin or (key in self._declared and self._declared[key].pin) for key in group.members)

    def refusal(self, group: Group, port: int) -> Reason | None:
        """Return why the group cannot have `port` now, None when it can."""
        return (
            self.forbidden(group, port)
            or self.assigned(group, self.rivals(group, port), port)
            or self.blocked(group, port, self.strangers(group, port))
            or self.spoken_for(group, port)
        )

    def forbidden(self, group: Group, port: int) -> Reason | None:
        """Return the rule that forbids `port` to the group whatever happens."""
        verdict = static_refusal(group.spec, port, self.snapshot.policy, self.snapshot.limits)
        return Reason(port, verdict) if verdict else None

    def assigned(self, group: Group, rivals: Sequence[ServiceKey], port: int) -> Reason | None:
        """Return whose port it is, unless only workspaces that are gone have it."""
        for key in rivals:
            if not self.is_vanished(key):
                verdict = Verdict.ASSIGNED if key.protocol in group.protocols else Verdict.MUTUAL
                return Reason(port, verdict, self.label(key))
        return None

    def blocked(self, group: Group, port: int, strangers: Sequence[SeenListener]) -> Reason | None:
        """Return what on the machine keeps the group from binding `port`."""
        reserved = self.snapshot.reserved
        if reserved and any((protocol, port) in reserved for protocol in group.protocols):
            return Reason(port, Verdict.RESERVED, "a plan that is being applied")
        if strangers:
            return Reason(port, Verdict.LISTENING, holder_text(strangers[0].listener))
        for slot in [(protocol, port) for protocol in group.protocols]:
            other = self.snapshot.elsewhere.get(slot)
            if other is not None and other not in group.members:
                return Reason(port, Verdict.ASSIGNED, f"{self.names.service(other, other.service)}, in another store")
            if slot in self.snapshot.bound and slot not in self._cleared:
                return Reason(port, Verdict.BOUND, self.snapshot.bound[slot])
        return None

    def spoken_for(self, group: Group, port: int) -> Reason | None:
        """Return why the port is better left alone, though it could be had."""
        for key in self.rivals(group, port):
            return Reason(port, Verdict.VANISHED, self.label(key))
        for protocol in group.protocols:
            by = self.snapshot.quarantined.get((protocol, port))
            if by is not None and by.casefold() not in {key.service for key in group.members}:
                return Reason(port, Verdict.QUARANTINED, by)
        if port in asked_ports(group.spec):
            return None
        for key in self._wanted_by.get(port, ()):
            same = (key.workspace, key.service) == (group.root.workspace, group.root.service)
            if not same and key not in group.members and key.protocol in group.protocols:
                return Reason(port, Verdict.PREFERRED_BY, self.label(key))
        return self._published(group, port)

    def _published(self, group: Group, port: int) -> Reason | None:
        """Return which container would find `port` taken when it runs again; one of the group's own project would not.

        A database that its compose file starts has the port that the file gives it.
        """
        for protocol in group.protocols:
            container = self.snapshot.published.get((protocol, port))
            if container is not None and not self._places.is_home_of(container, group.root.workspace):
                return Reason(port, Verdict.CONTAINER, clean(container.label))
        return None

    def _note_wishes(self) -> None:
        """Index which port is preferred, or called home, by which known service that has a port of its own."""
        for key, spec in (self._declared | self.specs).items():
            if spec.inherit_from is None and not self.is_vanished(key):
                row = self.rows.get(key)
                home = () if row is None or row.home is None else (row.home,)
                for port in dict.fromkeys((*spec.preferred, *home)):
                    self._wanted_by.setdefault(port, []).append(key)
        for keys in self._wanted_by.values():
            keys.sort(key=plain)
