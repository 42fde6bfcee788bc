"""Every command of the main screen, each declared once.

From here come the key bindings, the footer, the palette, the help and the ids of `[keys]`. The action of a command is
the method `action_<id>` of the main screen; whether it can be used now is asked of `unavailable` and nowhere else.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from portdash.dashboard.context import Context
from portdash.record import record


class Group(StrEnum):
    """The heading a command stands under in the help."""

    ROW = "This row"
    CHANGE = "Change"
    LOOK = "Look"
    MOVE = "Go"
    PROGRAM = "Program"


def _always(_context: Context) -> str | None:
    return None


@record(kw_only=True)
class Command:
    """One thing a person can ask for."""

    id: str
    """Name of its action, and its name in `[keys]`."""
    keys: tuple[str, ...]
    """Default keys, as they are written in `[keys]`; the first is the one that is shown."""
    label: str
    """One or two words, for the footer."""
    help: str
    """One line, for the help, the palette and the tooltip."""
    group: Group
    unavailable: Callable[[Context], str | None] = _always
    """Return why it cannot be used now, None when it can."""
    rank: int | None = None
    """Place in the footer, lowest first; None keeps it out."""
    is_harmless: bool = False
    """Whether it only moves the cursor: it acts at once, even while a burst of keys is being judged."""
    is_global: bool = False
    """Whether it works in dialogs too."""


COMMANDS: tuple[Command, ...] = (
    Command(
        id="details",
        keys=("enter", "d"),
        label="Details",
        help="Say why, who holds it, who answers, and what can be done",
        group=Group.ROW,
        unavailable=Context.no_details,
        rank=10,
    ),
    Command(
        id="resolve",
        keys=("c",),
        label="Resolve",
        help="Show the ways out of the conflict of this service",
        group=Group.ROW,
        unavailable=Context.no_resolve,
        rank=20,
    ),
    Command(
        id="move",
        keys=("m",),
        label="Move",
        help="Pick another port for this service",
        group=Group.ROW,
        unavailable=Context.no_move,
        rank=30,
    ),
    Command(
        id="adopt",
        keys=("A",),
        label="Adopt",
        help="Make this listener a service; it keeps its port",
        group=Group.ROW,
        unavailable=Context.no_adopt,
        rank=15,
    ),
    Command(
        id="free",
        keys=("x",),
        label="Free",
        help="End who holds this port; a dialog names all that end first",
        group=Group.ROW,
        unavailable=Context.no_free,
        rank=55,
    ),
    Command(
        id="release",
        keys=("D",),
        label="Release",
        help="Give the port of this service, or of the whole workspace, back",
        group=Group.ROW,
        unavailable=Context.no_release,
        rank=40,
    ),
    Command(
        id="probe",
        keys=("P",),
        label="Probe",
        help="Ask this listener once what it is and how it does; it gets no packet otherwise",
        group=Group.ROW,
        unavailable=Context.no_probe,
        rank=57,
    ),
    Command(
        id="allocate",
        keys=("a",),
        label="Allocate",
        help="Get a port for a new service",
        group=Group.CHANGE,
        unavailable=Context.no_change,
        rank=50,
    ),
    Command(
        id="undo",
        keys=("u",),
        label="Undo",
        help="Show the plan that takes the last change back",
        group=Group.CHANGE,
        unavailable=Context.no_change,
        rank=90,
    ),
    Command(
        id="filter",
        keys=("/",),
        label="Filter",
        help="Show only rows with these words; port:3000, project:shop and ! work too",
        group=Group.LOOK,
        rank=60,
    ),
    Command(
        id="trouble",
        keys=("!",),
        label="Trouble",
        help="Show only rows in trouble, or all again",
        group=Group.LOOK,
        unavailable=Context.no_facts,
        rank=70,
    ),
    Command(
        id="scope",
        keys=("0",),
        label="Scope",
        help="Show only this workspace, or all again",
        group=Group.LOOK,
        unavailable=Context.no_facts,
        rank=85,
    ),
    Command(
        id="refresh",
        keys=("r",),
        label="Refresh",
        help="Look again now, and check this service",
        group=Group.LOOK,
        rank=95,
    ),
    Command(
        id="pause",
        keys=("p",),
        label="Pause",
        help="Stop looking each second, or go on",
        group=Group.LOOK,
        rank=96,
    ),
    Command(
        id="report",
        keys=("R",),
        label="Report",
        help="Show the summary report, ready to copy",
        group=Group.LOOK,
        unavailable=Context.no_facts,
        rank=80,
    ),
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
        id="back",
        keys=("escape",),
        label="Back",
        help="Leave details, filter, then the trouble view; never quits",
        group=Group.MOVE,
        unavailable=Context.no_back,
        rank=5,
    ),
    Command(
        id="palette",
        keys=(":", "ctrl+p"),
        label="Commands",
        help="Find any command by name",
        group=Group.PROGRAM,
    ),
    Command(id="redraw", keys=("ctrl+l",), label="Redraw", help="Draw the screen again", group=Group.PROGRAM),
    Command(
        id="suspend", keys=("ctrl+z",), label="Suspend", help="Go to the shell; fg comes back", group=Group.PROGRAM
    ),
    Command(
        id="help",
        keys=("?",),
        label="Help",
        help="Every key, and what works on this row",
        group=Group.PROGRAM,
        rank=1000,
    ),
    Command(
        id="quit",
        keys=("q",),
        label="Quit",
        help="Close what is on top; on the list, quit. What runs goes on running",
        group=Group.PROGRAM,
        rank=1001,
    ),
    Command(
        id="leave",
        keys=("ctrl+c", "ctrl+q"),
        label="Quit",
        help="Quit from anywhere",
        group=Group.PROGRAM,
        is_global=True,
    ),
)

BY_ID: Mapping[str, Command] = {command.id: command for command in COMMANDS}


def footer_commands(context: Context) -> tuple[Command, ...]:
    """Return what can be used here, most likely first; Help and Quit are last and always there."""
    ranked = sorted((command.rank, command.id) for command in COMMANDS if command.rank is not None)
    return tuple(BY_ID[name] for _rank, name in ranked if BY_ID[name].unavailable(context) is None)


def in_help_order() -> tuple[Command, ...]:
    """Return every command, those about the row first, each group together."""
    order = list(Group)
    return tuple(sorted(COMMANDS, key=lambda command: order.index(command.group)))
