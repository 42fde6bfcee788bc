"""Where a service goes whose committed port is somebody else's on this machine."""

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Protocol

from portdash.model.assignment import Assignment, Reason, ServiceKey, ServiceSpec, Verdict
from portdash.model.ports import LAST_PORT, IpProtocol
from portdash.model.state import StoreState
from portdash.planning.rules import source_of
from portdash.record import record

MOST_OPTIONS = 16
"""Ports offered for one service."""
_UNPRIVILEGED = 1024
Slot = tuple[IpProtocol, int]


@record(kw_only=True)
class Want:
    """A service that needs another port than the committed one, if only on this machine."""

    key: ServiceKey
    spec: ServiceSpec
    home: int | None
    """The committed port, to which it may return."""
    row: Assignment | None
    """What it has now."""


class Placer(Protocol):
    """Chooses ports."""

    def __call__(
        self, state: StoreState, wants: Sequence[Want], taken: Collection[Slot], /
    ) -> Mapping[ServiceKey, tuple[Assignment, ...]]:
        """Return the rows each service may get, best first, none of them on a port of `taken`; none where none is."""
        ...


def next_free(
    state: StoreState, wants: Sequence[Want], taken: Collection[Slot]
) -> dict[ServiceKey, tuple[Assignment, ...]]:
    """Give each service the next port above its committed one that no assignment has. Knows nothing of the machine."""
    placed: dict[ServiceKey, tuple[Assignment, ...]] = {}
    used = {(row.key.host, row.key.protocol, row.port) for row in state.assignments.values()}
    for want in wants:
        used |= {(want.key.host, *slot) for slot in taken}
        start = want.home or (want.row.port if want.row else _UNPRIVILEGED)
        ports = (*range(start + 1, LAST_PORT + 1), *range(_UNPRIVILEGED, start))
        free = (port for port in ports if (want.key.host, want.key.protocol, port) not in used)
        placed[want.key] = tuple(local_row(want, port) for port in islice(free, MOST_OPTIONS))
        used |= {(want.key.host, want.key.protocol, row.port) for row in placed[want.key][:1]}
    return placed


def local_row(want: Want, port: int) -> Assignment:
    """Return the row of a service that gets `port` here; the time and the actor are whoever writes it."""
    tried = (Reason(want.home, Verdict.ASSIGNED),) if want.home is not None else ()
    return Assignment(
        key=want.key,
        spec=want.spec,
        port=port,
        source=source_of(want.spec, port),
        attempts=len(tried) + 1,
        reasons=(*tried, Reason(port, Verdict.CHOSEN)),
        home=None if port == want.home else want.home,
    )
