"""Where list and details stand, by the size of the terminal."""

from enum import StrEnum

from portdash.named_tuple import NamedTuple

LIST_WIDTH = 105
DETAILS_MOST = 90


class Where(StrEnum):
    """Where the details stand."""

    BESIDE = "beside"
    BELOW = "below"
    OVER = "over"
    """In place of the list, when asked for."""


class Arrangement(NamedTuple):
    """How the main screen is laid out."""

    framed: bool
    details: Where
    size: int
    """Columns of the details where they stand beside, lines where they stand below."""
    has_trouble_line: bool


def arrange(width: int, height: int) -> Arrangement:
    """Choose the layout: frames from 100 by 24, details beside from 150 columns, below from 32 lines."""
    framed = width >= 100 and height >= 24
    has_trouble_line = height >= 18
    if framed and width >= 150:
        return Arrangement(framed, Where.BESIDE, min(DETAILS_MOST, width - LIST_WIDTH), has_trouble_line)
    if framed and height >= 32:
        return Arrangement(framed, Where.BELOW, max(10, height // 3 - 1), has_trouble_line)
    return Arrangement(framed, Where.OVER, 0, has_trouble_line)
