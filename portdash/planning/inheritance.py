"""Who shares whose port. A service with `inherit_from` has its parent's port; a root and all below it move together."""

from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter

from portdash.errors import UsageError
from portdash.model.assignment import ServiceKey, ServiceSpec
from portdash.model.ports import IpProtocol
from portdash.record import replace

plain = attrgetter("host", "user", "workspace", "environment", "service", "protocol")
"""A key's fields as a tuple: sorts as the keys do, several times faster."""

Specs = Mapping[ServiceKey, ServiceSpec]


def parent_of(key: ServiceKey, specs: Specs) -> ServiceKey | None:
    """Return the service that `key` inherits from: of its own protocol, else of the other one; None when unknown."""
    spec = specs.get(key)
    if spec is None or spec.inherit_from is None:
        return None
    same = replace(key, service=spec.inherit_from.casefold())
    other = replace(same, protocol=IpProtocol.UDP if key.protocol is IpProtocol.TCP else IpProtocol.TCP)
    return same if same in specs else other if other in specs else None


def chain(key: ServiceKey, specs: Specs) -> Iterator[ServiceKey]:
    """Yield `key`, its parent, that one's parent and so on; a circle is gone through once."""
    seen: set[ServiceKey] = set()
    current: ServiceKey | None = key
    while current is not None and current not in seen:
        yield current
        seen.add(current)
        current = parent_of(current, specs)


def root_of(key: ServiceKey, specs: Specs) -> ServiceKey:
    """Return the service at the top of the chain."""
    *_, root = chain(key, specs)
    return root


def children_of(specs: Specs) -> dict[ServiceKey, list[ServiceKey]]:
    """Return the direct children of every parent, in the order of their keys."""
    children: dict[ServiceKey, list[ServiceKey]] = {}
    for key in sorted((key for key, spec in specs.items() if spec.inherit_from is not None), key=plain):
        parent = parent_of(key, specs)
        if parent is not None:
            children.setdefault(parent, []).append(key)
    return children


def descendants(key: ServiceKey, children: Mapping[ServiceKey, list[ServiceKey]]) -> tuple[ServiceKey, ...]:
    """Return everything below `key`, parents before their children."""
    found: dict[ServiceKey, None] = {}
    waiting = list(children.get(key, ()))
    while waiting:
        each = waiting.pop(0)
        if each != key and each not in found:
            found[each] = None
            waiting += children.get(each, ())
    return tuple(found)


def check_acyclic(keys: Iterable[ServiceKey], specs: Specs) -> None:
    """Raise UsageError when one of `keys` inherits from itself in the end."""
    for key in keys:
        path = list(chain(key, specs))
        again = parent_of(path[-1], specs)
        if again is not None:
            names = " -> ".join(specs[each].name for each in (*path, again))
            raise UsageError(f"{names} inherit in a circle", hint="one of them needs a port of its own")
