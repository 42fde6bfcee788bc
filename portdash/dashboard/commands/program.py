"""Commands about the program itself."""

from portdash.dashboard.commands.command import Command, Group
from portdash.dashboard.context import Context

PROGRAM = (
    Command(
        id="palette",
        keys=(":", "ctrl+p"),
        label="Commands",
        help="Find any command by name",
        group=Group.PROGRAM,
    ),
    Command(
        id="lock",
        keys=(),
        label="Lock",
        help="Take away all that changes something, or give it back",
        group=Group.PROGRAM,
        unavailable=Context.no_lock,
    ),
    Command(
        id="menu",
        keys=(),
        label="Menu",
        help="What can be done with this row, as a menu",
        group=Group.PROGRAM,
        unavailable=Context.no_row,
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
