"""Commands that go about."""

from portdash.dashboard.commands.command import Command, Group
from portdash.dashboard.context import Context

GO = (
    Command(
        id="next_trouble",
        keys=("n",),
        label="Next trouble",
        help="Go to the next row in trouble",
        group=Group.MOVE,
        unavailable=Context.no_trouble,
    ),
    Command(
        id="previous_trouble",
        keys=("N",),
        label="Previous trouble",
        help="Go to the previous row in trouble",
        group=Group.MOVE,
        unavailable=Context.no_trouble,
    ),
    Command(id="cursor_down", keys=("j", "down"), label="Down", help="Go down", group=Group.MOVE, is_harmless=True),
    Command(id="cursor_up", keys=("k", "up"), label="Up", help="Go up", group=Group.MOVE, is_harmless=True),
    Command(id="top", keys=("g", "home"), label="Top", help="Go to the first row", group=Group.MOVE, is_harmless=True),
    Command(
        id="bottom", keys=("G", "end"), label="Bottom", help="Go to the last row", group=Group.MOVE, is_harmless=True
    ),
    Command(
        id="half_down", keys=("ctrl+d",), label="Half down", help="Half a page down", group=Group.MOVE, is_harmless=True
    ),
    Command(id="half_up", keys=("ctrl+u",), label="Half up", help="Half a page up", group=Group.MOVE, is_harmless=True),
    Command(
        id="page_down", keys=("pagedown",), label="Page down", help="A page down", group=Group.MOVE, is_harmless=True
    ),
    Command(id="page_up", keys=("pageup",), label="Page up", help="A page up", group=Group.MOVE, is_harmless=True),
    Command(
        id="fold",
        keys=("h", "left"),
        label="Fold",
        help="Fold the group; come back from the details",
        group=Group.MOVE,
        unavailable=Context.no_row,
    ),
    Command(
        id="unfold",
        keys=("l", "right"),
        label="Unfold",
        help="Unfold the group; on a row, enter the details",
        group=Group.MOVE,
        unavailable=Context.no_row,
    ),
    Command(
        id="next_pane",
        keys=("tab",),
        label="Pane",
        help="Go from the list to the details and back",
        group=Group.MOVE,
        unavailable=Context.no_pane,
    ),
    Command(
        id="previous_pane",
        keys=("shift+tab",),
        label="Pane",
        help="Go from the details to the list and back",
        group=Group.MOVE,
        unavailable=Context.no_pane,
    ),
    Command(
        id="next_tab",
        keys=("]",),
        label="Next tab",
        help="The next leaf of the details: Why, Log, History, Config",
        group=Group.MOVE,
        unavailable=Context.no_service,
    ),
    Command(
        id="previous_tab",
        keys=("[",),
        label="Previous tab",
        help="The leaf of the details before this one",
        group=Group.MOVE,
        unavailable=Context.no_service,
    ),
    Command(
        id="back",
        keys=("escape",),
        label="Back",
        help="Leave errors, details, filter, the trouble view, then marks; never quits",
        group=Group.MOVE,
        unavailable=Context.no_back,
        rank=5,
    ),
)
