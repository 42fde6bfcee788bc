"""Commands that change what is kept, whatever row the cursor is on."""

from portdash.dashboard.commands.command import Command, Group
from portdash.dashboard.context import Context

CHANGE = (
    Command(
        id="allocate",
        keys=("a",),
        label="Allocate",
        help="Get a port for a new service",
        group=Group.CHANGE,
        unavailable=Context.no_change,
        rank=50,
        worth=34,
    ),
    Command(
        id="home",
        keys=(),
        label="All back to preferred",
        help="Give services of this workspace the ports they would rather have, where these are free now",
        group=Group.CHANGE,
        unavailable=Context.no_home,
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
)
