"""What is news in two looks at the instances of a service: which port does well again, and which no more. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from portdash.discovery.instance import Instance

KEPT = 256
"""Ports that are remembered for having been down: whoever comes and goes on ever new ports is no leak."""


class Change(NamedTuple):
    """A port that does well again, or no more."""

    port: int
    healthy: bool


class News:
    """Remembers how each port did. That one does well when it is first seen is no news; that one does not is."""

    def __init__(self) -> None:
        self._is_up: dict[int, bool] = {}

    @property
    def all_well(self) -> bool:
        """Whether every port that was ever seen does well, as far as is remembered."""
        return all(self._is_up.values())

    def see(self, instances: Iterable[Instance]) -> Iterator[Change]:
        """Take in all that there are now, and yield what changed; a port where there is none is down."""
        now = {each.port: _is_up(each) for each in instances if each.port is not None}
        for port, before in tuple(self._is_up.items()):
            if before and port not in now:
                yield self._note(port, healthy=False)
        for port, is_up in now.items():
            before_or_none = self._is_up.get(port)
            if is_up is None or is_up is before_or_none:
                continue
            change = self._note(port, healthy=is_up)
            if before_or_none is not None or not is_up:
                yield change
        for port in [port for port, is_up in self._is_up.items() if not is_up][:-KEPT]:
            del self._is_up[port]

    def _note(self, port: int, *, healthy: bool) -> Change:
        self._is_up.pop(port, None)  # so that the latest stands last
        self._is_up[port] = healthy
        return Change(port, healthy)


def _is_up(instance: Instance) -> bool | None:
    """Whether an instance does well; None where it starts, or nobody knows."""
    if instance.is_well:
        return True
    return False if instance.health.state.is_ill else None
