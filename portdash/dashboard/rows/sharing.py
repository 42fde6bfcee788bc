"""Sharing the cells of a line among columns by what they need: names first, then what may be told shorter."""

from collections.abc import Mapping, Sequence

from portdash.dashboard.rows.layout import MARGIN, Column, Place
from portdash.named_tuple import NamedTuple

TAIL = 10_000
"""The most cells of a column that takes all that is left."""
_NAMES = (Column.SERVICE, Column.NAME, Column.PROJECT, Column.PROCESS, Column.USER, Column.ADDRESS)
"""Columns that are given what they need before any other, in this order: a name that is cut is another name."""


class Room(NamedTuple):
    """What a column is given: at least so much where it needs more, at most so much whatever it needs."""

    column: Column
    least: int
    most: int
    """`TAIL` for one that takes what is left."""


def fixed(column: Column, cells: int) -> Room:
    """Return the room of a column that is always so wide."""
    return Room(column, cells, cells)


def share(rooms: Sequence[Room], needs: Mapping[Column, int], width: int) -> tuple[Place, ...]:
    """Return how wide each column is in a line of `width` cells.

    All have their least, or the little that they need; what is left goes to each up to what it needs, names first, and
    then to the last of those that take all. In a line that is too narrow even so the widest give way.
    """
    wanted = [_wanted(room, needs) for room in rooms]
    widths = [min(room.least, each) for room, each in zip(rooms, wanted, strict=True)]
    left = width - MARGIN - sum(widths) - (len(rooms) - 1)
    for number in sorted(range(len(rooms)), key=lambda each: _rank(rooms[each].column)):
        more = max(0, min(left, wanted[number] - widths[number]))
        widths[number] += more
        left -= more
    tails = [number for number, room in enumerate(rooms) if room.most == TAIL]
    if left > 0 and tails:
        widths[tails[-1]] += left
    while left < 0 and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
        left += 1
    return tuple(Place(room.column, each) for room, each in zip(rooms, widths, strict=True))


def _wanted(room: Room, needs: Mapping[Column, int]) -> int:
    need = None if room.least == room.most else needs.get(room.column)
    return room.least if need is None else min(room.most, max(need, len(room.column.value)))


def _rank(column: Column) -> int:
    return _NAMES.index(column) if column in _NAMES else len(_NAMES)
