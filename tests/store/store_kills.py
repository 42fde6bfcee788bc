"""What writers told of their changes before they were killed, and what a store must hold after that."""

from collections.abc import Iterable
from typing import NamedTuple


class Told(NamedTuple):
    """All that was told, in the order of the changes of each service."""

    kept: dict[str, int | None]
    """Port of each service after its last acknowledged change, None where that gave it back."""
    begun: frozenset[str] = frozenset()
    """Services of which a change was begun and not acknowledged: it is stored as a whole, or not at all."""
    changes: int = 0
    """How many were acknowledged."""


def told(lines: Iterable[str]) -> Told:
    """Read the lines of writers: `? NAME` before a change, `! NAME PORT` after it, the port `-` for one given back."""
    kept: dict[str, int | None] = {}
    begun: set[str] = set()
    changes = 0
    for line in lines:
        match line.split():
            case ["?", name]:
                begun.add(name)
            case ["!", name, port]:
                begun.discard(name)
                kept[name] = None if port == "-" else int(port)
                changes += 1
    return Told(kept, frozenset(begun), changes)


def hold(held: dict[str, int], found: Told) -> None:
    """Assert that nothing acknowledged is lost or undone, nothing is there that nobody began, and no port is twice."""
    sure = {name: port for name, port in found.kept.items() if name not in found.begun}
    assert {name: held.get(name) for name in sure} == sure
    assert held.keys() <= found.kept.keys() | found.begun
    assert len(set(held.values())) == len(held)
