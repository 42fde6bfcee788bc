"""Which columns each view has at which width, and how wide they are. The view of services has rules in `layout`."""

from collections.abc import Mapping, Sequence

from portdash.dashboard.rows.layout import Column, Columns, Place, columns_for, widened
from portdash.dashboard.rows.needs import Needs
from portdash.dashboard.rows.sharing import TAIL, Room, fixed, share
from portdash.dashboard.rows.view import View

_Set = tuple[int, tuple[Room, ...]]
"""From how many cells on, and the columns with the room they are given."""

_C = Column
_SETS: Mapping[View, Sequence[_Set]] = {
    View.LISTENING: (
        (
            108,
            (
                fixed(_C.PORT, 5), fixed(_C.PROTO, 5), Room(_C.ADDRESS, 10, 26), Room(_C.PID, 4, 8),
                Room(_C.PROCESS, 10, 24), Room(_C.PROJECT, 10, 24), Room(_C.SERVICE, 10, 28), fixed(_C.CONN, 4),
                fixed(_C.VIA, 8), fixed(_C.UP, 4), Room(_C.USER, 6, 16), Room(_C.COMMAND, 8, TAIL),
            ),
        ),
        (
            90,
            (
                fixed(_C.PORT, 5), fixed(_C.PROTO, 5), Room(_C.ADDRESS, 10, 26), Room(_C.PID, 4, 8),
                Room(_C.PROCESS, 10, TAIL), Room(_C.PROJECT, 10, 24), Room(_C.SERVICE, 10, 28), fixed(_C.CONN, 4),
                fixed(_C.VIA, 8), fixed(_C.UP, 4),
            ),
        ),
        (
            68,
            (
                fixed(_C.PORT, 5), Room(_C.ADDRESS, 10, 26), Room(_C.PID, 4, 8), Room(_C.PROCESS, 12, TAIL),
                Room(_C.PROJECT, 10, 24), fixed(_C.UP, 4),
            ),
        ),
        (48, (fixed(_C.PORT, 5), Room(_C.PROCESS, 10, TAIL), Room(_C.PROJECT, 10, 24), fixed(_C.UP, 4))),
        (0, (fixed(_C.PORT, 5), Room(_C.PROCESS, 10, TAIL), fixed(_C.UP, 4))),
    ),
    View.CONFLICTS: (
        (
            90,
            (
                Room(_C.KIND, 13, 18), Room(_C.SERVICE, 16, 40), fixed(_C.PORT, 5), Room(_C.HOLDER, 16, 60),
                fixed(_C.SINCE, 5), Room(_C.WAY_OUT, 26, TAIL),
            ),
        ),
        (68, (Room(_C.KIND, 13, 18), Room(_C.SERVICE, 16, 40), fixed(_C.PORT, 5), Room(_C.HOLDER, 16, TAIL))),
        (0, (Room(_C.KIND, 13, 14), Room(_C.SERVICE, 8, TAIL), fixed(_C.PORT, 5))),
    ),
    View.RANGES: (
        (
            143,
            (Room(_C.NAME, 8, 40), fixed(_C.PORTS, 11), fixed(_C.PRIO, 4), fixed(_C.USED, 8), Room(_C.STRIP, 32, 100)),
        ),
        (90, (Room(_C.NAME, 8, 32), fixed(_C.PORTS, 11), fixed(_C.PRIO, 4), fixed(_C.USED, 8), Room(_C.STRIP, 32, 64))),
        (68, (Room(_C.NAME, 8, 24), fixed(_C.PORTS, 11), fixed(_C.USED, 8), Room(_C.STRIP, 20, 32))),
        (48, (Room(_C.NAME, 8, 24), fixed(_C.USED, 8), Room(_C.STRIP, 10, 20))),
        (0, (Room(_C.NAME, 8, 24), Room(_C.STRIP, 8, 20))),
    ),
    View.HISTORY: (
        (
            90,
            (
                Room(_C.TIME, 8, 12), Room(_C.WHO, 4, 10), Room(_C.ACTION, 8, 10), Room(_C.SERVICE, 12, 40),
                Room(_C.FROM_TO, 11, 13), Room(_C.WHY, 12, TAIL),
            ),
        ),
        (
            68,
            (
                Room(_C.TIME, 8, 12), Room(_C.ACTION, 8, 10), Room(_C.SERVICE, 12, TAIL), Room(_C.FROM_TO, 11, 13),
                Room(_C.WHO, 4, 10),
            ),
        ),
        (48, (Room(_C.TIME, 8, 12), Room(_C.SERVICE, 12, TAIL), Room(_C.FROM_TO, 11, 13))),
        (0, (Room(_C.TIME, 8, 8), Room(_C.SERVICE, 8, TAIL), Room(_C.FROM_TO, 11, 13))),
    ),
}  # fmt: skip


def columns_of(
    view: View,
    width: int,
    needs: Needs,
    *,
    trend: bool = False,
    hosts: bool = False,
    without: frozenset[Column] = frozenset(),
) -> Columns:
    """Return the columns of a view that fit `width`, but those that somebody does not want to see."""
    if view is View.SERVICES:
        columns = columns_for(width, needs.rows.get(Column.SERVICE, 0), trend=trend, hosts=hosts)
        columns = _without(columns, without)
        return columns._replace(others=widened(columns.others, needs.others))
    wanted = next(rooms for least, rooms in _SETS[view] if width >= least)
    places = share([room for room in wanted if not _is_optional(room) or room.column not in without], needs.rows, width)
    return Columns(places, places)


_KEPT = frozenset({Column.SERVICE, Column.PORT, Column.HELD_BY})
"""Columns of services that cannot be taken away: without them a row says nothing."""


def _without(columns: Columns, without: frozenset[Column]) -> Columns:
    """Give the room of unwanted columns to HELD BY, where it is shown."""
    dropped = without - _KEPT
    return Columns(_drop(columns.services, dropped), _drop(columns.others, dropped))


def _drop(places: tuple[Place, ...], dropped: frozenset[Column]) -> tuple[Place, ...]:
    freed = sum(place.width + 1 for place in places if place.column in dropped)
    return tuple(
        Place(place.column, place.width + freed) if place.column is Column.HELD_BY else place
        for place in places
        if place.column not in dropped
    )


def optional(view: View) -> tuple[Column, ...]:
    """Return the columns of a view that can be taken away, in their order at full width."""
    if view is View.SERVICES:
        shown = columns_for(200, 12, trend=True, hosts=True).services
        return tuple(place.column for place in shown if place.column not in _KEPT)
    return tuple(room.column for room in _SETS[view][0][1] if _is_optional(room))


_NEEDED = frozenset({_C.PORT, _C.STRIP, _C.NAME, _C.PROCESS, _C.HOLDER})
"""Columns of the other views that cannot be taken away, beside those that take what is left."""


def _is_optional(room: Room) -> bool:
    return room.most < TAIL and room.column not in _NEEDED
