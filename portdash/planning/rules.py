"""Rules about ports that need no look at the machine: what is never chosen, where to search, how a choice is called."""

from collections.abc import Iterator
from itertools import chain

from portdash.model.assignment import Assignment, ServiceSpec, Source, Verdict
from portdash.model.policy import DEFAULT_PRIORITY, Policy, PortLimits
from portdash.model.ports import LAST_PORT, PortRange
from portdash.text import and_list, clean


def words(text: str) -> frozenset[str]:
    """Return the words of a text: a table that reads like one."""
    return frozenset(text.split())


BROWSER_BLOCKED = frozenset(
    (
        *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109),
        *(110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530),
        *(531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995),
        *(1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697),
        10080,
    )
)
"""The `bad ports` of the WHATWG Fetch standard: browsers refuse them, and so does fetch in Node."""

WEB_TYPES = words(
    "web frontend client server backend api gateway microservice ml bridge http https websocket "
    "graphql app ui dashboard docs storybook monitoring development testing"
)
"""Types of services that browsers and fetch talk to, as they may to one without a type."""

DYNAMIC = "dynamic"
"""Type of the ranges that any service with a type, and any that asks for nothing, may overflow into."""

BASE_SPAN = 100
"""A base alone means base to base + 100."""


def static_refusal(spec: ServiceSpec, port: int, policy: Policy, limits: PortLimits) -> Verdict | None:
    """Return why `port` is never chosen for a service whatever happens on the machine, None when it may be."""
    if port not in policy.bounds:
        return Verdict.OUT_OF_RANGE
    if port in spec.exclude:
        return Verdict.EXCLUDED
    if port in limits.reserved:
        return Verdict.OS_RESERVED
    if limits.ephemeral and port in limits.ephemeral:
        return Verdict.EPHEMERAL
    if port < limits.unprivileged_start and not limits.privileged:
        return Verdict.PRIVILEGED
    return Verdict.BROWSER_BLOCKED if is_browser_blocked(spec, port) else None


def is_browser_blocked(spec: ServiceSpec, port: int) -> bool:
    """Say whether those who talk to the service would refuse to talk to that port."""
    return port in BROWSER_BLOCKED and (spec.type is None or spec.type.casefold() in WEB_TYPES)


def first_choice(spec: ServiceSpec) -> int | None:
    """Return the port a service asks for above all, None when it asks for none."""
    return spec.preferred[0] if spec.preferred else spec.base


def preferable(row: Assignment) -> int | None:
    """Return the port a service would rather have than its own: where it was moved from, or its first choice."""
    wanted = row.home
    if wanted is None and row.source is Source.FALLBACK:
        wanted = first_choice(row.spec)
    return None if wanted == row.port else wanted


def asked_ports(spec: ServiceSpec) -> tuple[int, ...]:
    """Return the ports a service names itself, best first: its preferred ones, or its base when it has none."""
    return spec.preferred or (() if spec.base is None else (spec.base,))


def source_of(spec: ServiceSpec, port: int) -> Source:
    """Return how it is called that a service which shares nobody's port has `port`."""
    wanted = first_choice(spec)
    if wanted is None:
        return Source.SEQUENTIAL
    return Source.PREFERRED if port == wanted else Source.FALLBACK


def priority_of(spec: ServiceSpec, policy: Policy) -> int:
    """Return the service's priority, 1 the most important: its own, that of its type's range, else the default."""
    if spec.priority is not None:
        return spec.priority
    kind = (spec.type or "").casefold()
    return min((each.priority for each in policy.ranges if each.type.casefold() == kind), default=DEFAULT_PRIORITY)


def ranges_of_type(kind: str | None, policy: Policy) -> tuple[PortRange, ...]:
    """Return the ranges set aside for a type, in the order of the configuration."""
    if kind is None:
        return ()
    return tuple(each.ports for each in policy.ranges if each.type.casefold() == kind.casefold())


def own_range(spec: ServiceSpec) -> PortRange | None:
    """Return the service's own hard limit: its range, or base to base + 100."""
    if spec.range is not None or spec.base is None:
        return spec.range
    return PortRange(spec.base, min(spec.base + BASE_SPAN, LAST_PORT))


def outside(spec: ServiceSpec, port: int, policy: Policy) -> str | None:
    """Return which range `port` lies outside of, in words: the service's own or that of its type; None for neither."""
    own = own_range(spec)
    ranges = (own,) if own else ranges_of_type(spec.type, policy)
    if not ranges or any(port in each for each in ranges):
        return None
    whose = "its own range" if own else f"the range of type {clean(spec.type or '')}"
    return f"{whose} ({and_list(str(each) for each in ranges)})"


def search_ranges(spec: ServiceSpec, policy: Policy) -> tuple[PortRange, ...]:
    """Return where the search goes after the preferred ports: exactly one of three ways.

    Its own range; that of its type and then the dynamic pool, which is all there is for a type without a range; or, for
    a service without either, the sequence and then the pool.
    """
    own = own_range(spec)
    if own is not None:
        return (own,)
    pool = ranges_of_type(DYNAMIC, policy)
    if spec.type is not None and (ranges := (*ranges_of_type(spec.type, policy), *pool)):
        return tuple(dict.fromkeys(ranges))
    return (sequence(policy), *pool)


def candidate_ports(spec: ServiceSpec, policy: Policy) -> Iterator[int]:
    """Yield every port a service may get, best first, each once."""
    seen: set[int] = set()
    for port in _in_order(spec, policy):
        if port not in seen:
            seen.add(port)
            yield port


def every_candidate(spec: ServiceSpec, policy: Policy) -> tuple[int, ...]:
    """Return what `candidate_ports` yields: several times faster, for who needs them all."""
    return tuple(dict.fromkeys(_in_order(spec, policy)))


def _in_order(spec: ServiceSpec, policy: Policy) -> Iterator[int]:
    ranges = search_ranges(spec, policy)
    first = (
        range(spec.base, ports.last + 1) if spec.base is not None and spec.base in ports else () for ports in ranges
    )
    searched = (part for pair in zip(first, map(iter, ranges), strict=True) for part in pair)
    return chain(spec.preferred, chain.from_iterable(searched))


def sequence(policy: Policy) -> PortRange:
    """Return the sequential search; bounds that do not hold the base port move it to where they begin."""
    first = policy.base_port if policy.base_port in policy.bounds else policy.bounds.first
    return PortRange(first, min(first + policy.span - 1, policy.bounds.last, LAST_PORT))
