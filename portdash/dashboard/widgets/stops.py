"""Where a cursor may stand in a list of rows, and how far a list is scrolled so that it is seen."""

from collections.abc import Mapping, Sequence

from portdash.dashboard.rows.row import Row, RowKey


def next_stop(rows: Sequence[Row], index: int, step: int) -> int:
    """Return the next row that can hold the cursor, -1 where there is none."""
    index += step
    while 0 <= index < len(rows):
        if rows[index].can_hold_cursor:
            return index
        index += step
    return -1


def first_found(rows: Sequence[Row]) -> int:
    """Return the first row that a filter can have found: no heading. -1 where there is none."""
    return next((at for at, row in enumerate(rows) if row.can_hold_cursor and not row.is_foldable), -1)


def stop_after(rows: Sequence[Row], index: int, by: int) -> int:
    """Return where a cursor comes to that goes `by` rows on; it stops at the ends."""
    step = 1 if by > 0 else -1
    at = index
    for _ in range(abs(by)):
        at = next_stop(rows, at, step)
        if at < 0:
            break
        index = at
    return index


def neighbour(before: Sequence[Row], at: int, rows: Sequence[Row], index: Mapping[RowKey, int]) -> int:
    """Return where the nearest neighbour of a row that has gone stands now, those after it first; -1 for nowhere."""
    for row in (*before[at + 1 :], *reversed(before[:at])):
        if row.key in index and rows[index[row.key]].can_hold_cursor:
            return index[row.key]
    return -1


def scrolled(rows: Sequence[Row], index: int, top: int, page: int) -> int:
    """Return the first visible row once the cursor is seen, and with the first or last stop all that is beyond it."""
    if next_stop(rows, index, -1) < 0:
        return max(0, index - page + 1)
    if next_stop(rows, index, 1) < 0:
        return min(max(top, len(rows) - page), index)
    if index < top:
        return index
    return index - page + 1 if index >= top + page else top
