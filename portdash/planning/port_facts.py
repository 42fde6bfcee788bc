"""All that is known about one port besides who listens there: why it is given to nobody, or better not taken."""

from collections.abc import Iterator

from portdash.model.assignment import ServiceKey, ServiceSpec
from portdash.model.listener import Listener
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import Snapshot
from portdash.planning.rules import BROWSER_BLOCKED
from portdash.planning.wording import Names, holder_text
from portdash.record import record
from portdash.text import clean

IPV4_ANY, IPV6_ANY = "0.0.0.0", "::"  # noqa: S104  compared, not bound


@record
class Fact:
    """One thing to know about a port."""

    kind: str
    """A stable word for programs: `ephemeral`, `quarantined`, ..."""
    text: str
    """The end of a sentence that begins with the port; clean."""


def port_facts(snapshot: Snapshot, port: int, protocol: IpProtocol) -> Iterator[Fact]:
    """Yield what is to be known about a port, what keeps it from being given out first."""
    slot, limits = (protocol, port), snapshot.limits
    names = Names.of(snapshot.workspaces, snapshot.environment)
    if slot in snapshot.reserved:
        yield Fact("reserved", "is kept for a plan that is being applied")
    if other := snapshot.elsewhere.get(slot):
        yield Fact("elsewhere", f"is given to {names.service(other, other.service)} by another store of this machine")
    yield from _other_places(snapshot, names, port, protocol)
    if by := snapshot.quarantined.get(slot):
        yield Fact("quarantined", f"was given back by {clean(by)} less than a minute ago")
    if port in limits.reserved:
        yield Fact("os_reserved", "is reserved by the system")
    if limits.ephemeral and port in limits.ephemeral:
        yield Fact("ephemeral", f"lies in {limits.ephemeral}, which the system hands to outgoing connections")
    if port < limits.unprivileged_start:
        have = "which we have" if limits.privileged else "which we do not have"
        yield Fact("privileged", f"needs a privilege to bind, {have}")
    if port in BROWSER_BLOCKED and protocol is IpProtocol.TCP:
        yield Fact("browser_blocked", "is refused by browsers and fetch")
    yield from _wishes(snapshot, names, port, protocol)


def _other_places(snapshot: Snapshot, names: Names, port: int, protocol: IpProtocol) -> Iterator[Fact]:
    """Yield the assignments of other environments and users, and those whose workspace is gone."""
    for key, row in sorted(snapshot.assignments.items()):
        if row.port != port or key.protocol is not protocol:
            continue
        label = names.service(key, row.name)
        if key.environment != snapshot.environment:
            yield Fact("assigned", f"is assigned to {label}")
        if key.workspace in snapshot.vanished:
            yield Fact("vanished", f"belongs to {label}, whose directory is gone: `portdash prune` gives it back")


def _wishes(snapshot: Snapshot, names: Names, port: int, protocol: IpProtocol) -> Iterator[Fact]:
    """Yield the services that have another port, and ask for this one or were moved away from it."""
    specs: dict[ServiceKey, ServiceSpec] = {key: row.spec for key, row in snapshot.assignments.items()}
    specs |= {each.key: each.spec for each in snapshot.declarations}
    for key, spec in sorted(specs.items(), key=lambda pair: pair[0]):
        row = snapshot.assignments.get(key)
        if key.protocol is not protocol or (row is not None and row.port == port):
            continue
        label = names.service(key, spec.name)
        has = f"which has {row.port}" if row else "which has no port yet"
        if row is not None and row.home == port:
            yield Fact("home", f"is the home of {label}, {has} and may return")
        elif port in spec.preferred:
            yield Fact("preferred_by", f"is preferred by {label}, {has}")
        elif port == spec.base:
            yield Fact("preferred_by", f"is the base of {label}, {has}")
        if port in spec.exclude:
            yield Fact("excluded_by", f"is excluded by {label}")


def meets(listener: Listener, address: str) -> bool:
    """Say whether a listener is in the way of a server on `address`, an IP address in its usual form."""
    bound = listener.address.casefold().partition("%")[0]
    mapped = bound.removeprefix("::ffff:")
    if "." in mapped:
        bound = mapped
    is_v6 = ":" in address
    if bound in ("", "*", IPV6_ANY):
        return is_v6 or listener.dual_stack is not False
    if bound == IPV4_ANY:
        return not is_v6 or address == IPV6_ANY
    if address == IPV6_ANY:  # a server there usually answers IPv4 as well
        return True
    return bound == address or (address == IPV4_ANY and ":" not in bound)


def holder_on(listeners: tuple[Listener, ...], address: str) -> str | None:
    """Return who is in the way of a server on `address`, None for nobody."""
    return next((holder_text(each) for each in listeners if meets(each, address)), None)
