"""Which columns each view has at which width, and how wide they are. The view of services has rules in `layout`."""

from collections.abc import Mapping, Sequence

from portdash.dashboard.rows.layout import MARGIN, Column, Columns, Place, columns_for
from portdash.dashboard.rows.view import View

_Set = tuple[int, tuple[tuple[Column, int], ...]]
"""From how many cells on, and the columns with their least widths; a negative one takes its share of what is left."""

_C = Column
_SETS: Mapping[View, Sequence[_Set]] = {
    View.LISTENING: (
        (
            130,
            (
                (_C.PORT, 5), (_C.PROTO, 5), (_C.ADDRESS, 15), (_C.PID, 7), (_C.PROCESS, -16), (_C.PROJECT, 16),
                (_C.SERVICE, 18), (_C.CONN, 4), (_C.VIA, 8), (_C.UP, 5), (_C.USER, 8), (_C.COMMAND, -24),
            ),
        ),
        (
            98,
            (
                (_C.PORT, 5), (_C.PROTO, 5), (_C.ADDRESS, 14), (_C.PID, 7), (_C.PROCESS, -12), (_C.PROJECT, 14),
                (_C.SERVICE, 14), (_C.CONN, 4), (_C.VIA, 8), (_C.UP, 4),
            ),
        ),
        (68, ((_C.PORT, 5), (_C.ADDRESS, 14), (_C.PID, 7), (_C.PROCESS, -12), (_C.PROJECT, 16), (_C.UP, 4))),
        (48, ((_C.PORT, 5), (_C.PROCESS, -10), (_C.PROJECT, 15), (_C.UP, 4))),
        (0, ((_C.PORT, 5), (_C.PROCESS, -10), (_C.UP, 4))),
    ),
    View.CONFLICTS: (
        (
            98,
            ((_C.KIND, 14), (_C.SERVICE, 20), (_C.PORT, 5), (_C.HOLDER, -20), (_C.SINCE, 5), (_C.WAY_OUT, -24)),
        ),
        (68, ((_C.KIND, 14), (_C.SERVICE, 20), (_C.PORT, 5), (_C.HOLDER, -20))),
        (0, ((_C.KIND, 14), (_C.SERVICE, -8), (_C.PORT, 5))),
    ),
    View.RANGES: (
        (143, ((_C.NAME, -12), (_C.PORTS, 11), (_C.PRIO, 4), (_C.USED, 8), (_C.STRIP, 100))),
        (98, ((_C.NAME, -12), (_C.PORTS, 11), (_C.PRIO, 4), (_C.USED, 8), (_C.STRIP, 56))),
        (68, ((_C.NAME, -12), (_C.PORTS, 11), (_C.USED, 8), (_C.STRIP, 32))),
        (48, ((_C.NAME, -12), (_C.USED, 8), (_C.STRIP, 20))),
        (0, ((_C.NAME, -6), (_C.STRIP, 20))),
    ),
    View.HISTORY: (
        (98, ((_C.TIME, 12), (_C.WHO, 10), (_C.ACTION, 10), (_C.SERVICE, 22), (_C.FROM_TO, 13), (_C.WHY, -16))),
        (68, ((_C.TIME, 12), (_C.ACTION, 10), (_C.SERVICE, -16), (_C.FROM_TO, 13), (_C.WHO, 10))),
        (48, ((_C.TIME, 12), (_C.SERVICE, -12), (_C.FROM_TO, 13))),
        (0, ((_C.TIME, 8), (_C.SERVICE, -8), (_C.FROM_TO, 13))),
    ),
}  # fmt: skip


def columns_of(
    view: View,
    width: int,
    longest_name: int,
    *,
    trend: bool = False,
    hosts: bool = False,
    without: frozenset[Column] = frozenset(),
) -> Columns:
    """Return the columns of a view that fit `width`, but those that somebody does not want to see."""
    if view is View.SERVICES:
        return _without(columns_for(width, longest_name, trend=trend, hosts=hosts), without)
    wanted = next(columns for least, columns in _SETS[view] if width >= least)
    kept = tuple((column, cells) for column, cells in wanted if cells < 0 or column not in without)
    places = _fill(kept, width)
    return Columns(places, places)


def _fill(columns: Sequence[tuple[Column, int]], width: int) -> tuple[Place, ...]:
    """Share what is left among the columns that may grow, as their least widths are to each other."""
    left = width - MARGIN - sum(max(0, cells) for _column, cells in columns) - (len(columns) - 1)
    shares = [-cells for _column, cells in columns if cells < 0]
    growing, places = len(shares), []
    for column, cells in columns:
        if cells < 0:
            growing -= 1
            share = max(1, left * -cells // max(1, sum(shares))) if growing else max(1, left)
            left -= share
            shares.remove(-cells)
            cells = share  # noqa: PLW2901  the width it gets
        places.append(Place(column, cells))
    return tuple(places)


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
    return tuple(column for column, cells in _SETS[view][0][1] if cells > 0 and column not in (_C.PORT, _C.STRIP))
