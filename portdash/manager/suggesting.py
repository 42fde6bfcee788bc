"""Which ports a service would get, without giving it any: by its name, its type, or the kind of server it is."""

import re
from dataclasses import replace

from portdash.config.problems import nearest
from portdash.errors import UsageError
from portdash.manager.deps import Deps
from portdash.manager.slots import Slot, slot_of
from portdash.manager.wishes import Wish, place
from portdash.model.assignment import Assignment, Reason, ServiceSpec
from portdash.model.snapshot import Snapshot
from portdash.planning.candidates import Search, exhausted, search
from portdash.planning.inheritance import root_of
from portdash.planning.requests import Placement
from portdash.planning.well_known import WELL_KNOWN, well_known
from portdash.record import record
from portdash.text import clean, shown

_SERVICE_LIKE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,62}")


@record(kw_only=True)
class Suggestion:
    """The ports something would get now. None of them is reserved."""

    spec: ServiceSpec
    """What was searched for."""
    meant: str
    """What the word was taken for: `the service web`, `the type ml`, `a server of type cache`."""
    current: int | None
    """The port it has already."""
    options: tuple[Assignment, ...]
    """Rows as they would be, best first, each with its own trail."""
    refused: tuple[Reason, ...]
    """Candidates refused before the first option."""

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports, best first."""
        return tuple(option.port for option in self.options)


def suggest(deps: Deps, word: str, *, count: int = 5) -> Suggestion:
    """Return at most `count` ports that `word` would get: a service, a type with a range, or a well-known server.

    Any other name is that of a service without wishes. Raises UsageError, NoPortAvailable.
    """
    check_asked(word, count)
    snapshot = deps.observer.snapshot()
    wish, meant = _meaning(snapshot, deps, word)
    placement = _of_root(snapshot, place(deps, snapshot, wish))
    found = _bindable(deps, snapshot, placement, count)
    if not found.options:
        raise exhausted(found)
    row = snapshot.assignments.get(placement.key)
    return Suggestion(
        spec=placement.spec,
        meant=meant,
        current=row.port if row else None,
        options=_apart(found.options[:count]),
        refused=found.reasons,
    )


def check_asked(word: object, count: object) -> None:
    """Raise UsageError unless so many ports can be suggested for that; a library's caller may hand in anything."""
    if not isinstance(word, str):
        raise UsageError(f"{shown(word)} is no text, and so neither a service nor a type", hint='say "web", or "redis"')
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise UsageError(f"{shown(count)} ports cannot be suggested", hint="ask for one or more")


def _apart(options: tuple[Assignment, ...]) -> tuple[Assignment, ...]:
    """Return options whose trails do not name the options before them: each could be had, not only the first."""
    ports = {option.port for option in options}
    return tuple(
        replace(option, reasons=tuple(each for each in option.reasons if each.port not in ports - {option.port}))
        for option in options
    )


def _meaning(snapshot: Snapshot, deps: Deps, word: str) -> tuple[Wish, str]:
    """Return what to look for, and in words what `word` was taken for."""
    kinds = {each.type.casefold(): each.type for each in snapshot.policy.ranges}
    kind = kinds.get(word.casefold())
    if kind is not None and not _SERVICE_LIKE.fullmatch(word):
        return Wish(name="any", type=kind), f"the type {clean(kind)}"
    placement = place(deps, snapshot, Wish(name=word))
    name = placement.spec.name
    if placement.key in snapshot.assignments or any(each.key == placement.key for each in snapshot.declarations):
        return Wish(name=word), f"the service {name}"
    if kind is not None:
        return Wish(name=word, type=kind), f"the type {kind}"
    if server := well_known(name):
        return Wish(name=word, type=server.type, preferred=(server.port,)), f"a server of type {server.type}"
    near = nearest(name, (*kinds.values(), *WELL_KNOWN))
    plain = "a service without wishes"
    return Wish(name=word), f"{plain}; did you mean {clean(near)}?" if near else plain


def _of_root(snapshot: Snapshot, placement: Placement) -> Placement:
    """A service that inherits would get what its parent gets."""
    specs = {key: row.spec for key, row in snapshot.assignments.items()}
    specs |= {each.key: each.spec for each in snapshot.declarations}
    specs[placement.key] = placement.spec
    root = root_of(placement.key, specs)
    return placement if root == placement.key else Placement(root, specs[root])


def _bindable(deps: Deps, snapshot: Snapshot, placement: Placement, count: int) -> Search:
    """Search until the kernel lets us bind the first `count` options; where somebody listens, ownership has decided."""
    listened = {(seen.listener.protocol, seen.listener.port) for seen in snapshot.listeners}
    bound: dict[Slot, str] = {}
    tried = count
    while True:  # each round refuses a port more, and there are so many ports
        found = search(replace(snapshot, bound=bound), placement)
        slots = [slot_of(option) for option in found.options[:tried]]
        refused = {
            slot: problem for slot in slots if slot not in listened and (problem := deps.machine.bind_error(*slot))
        }
        if refused.keys() <= bound.keys():
            return found
        bound |= refused
        tried = len(found.options)  # one refused port is seldom alone
