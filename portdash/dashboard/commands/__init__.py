"""Every command of the main screen, each declared once.

From here come the key bindings, the footer, the palette, the help, the menu of the mouse and the ids of `[keys]`. The
action of a command is the method `action_<id>` of the main screen; whether it can be used now is asked of `unavailable`
and nowhere else.
"""

from collections.abc import Mapping

from portdash.dashboard.commands.change import CHANGE
from portdash.dashboard.commands.command import Command, Group
from portdash.dashboard.commands.go import GO
from portdash.dashboard.commands.look import LOOK
from portdash.dashboard.commands.program import PROGRAM
from portdash.dashboard.commands.row import ROW
from portdash.dashboard.context import Context

__all__ = ["BY_ID", "COMMANDS", "Command", "Group", "footer_commands", "in_help_order", "menu_commands"]

COMMANDS: tuple[Command, ...] = (*ROW, *CHANGE, *LOOK, *GO, *PROGRAM)

BY_ID: Mapping[str, Command] = {command.id: command for command in COMMANDS}


def footer_commands(context: Context) -> tuple[Command, ...]:
    """Return what can be used here, most likely first; Help and Quit are last and always there."""
    ranked = sorted((command.rank, command.id) for command in COMMANDS if command.rank is not None)
    return tuple(BY_ID[name] for _rank, name in ranked if BY_ID[name].unavailable(context) is None)


def menu_commands() -> tuple[Command, ...]:
    """Return what the menu of the mouse offers for a row."""
    return tuple(command for command in COMMANDS if command.is_menu)


def in_help_order() -> tuple[Command, ...]:
    """Return every command, those about the row first, each group together."""
    order = list(Group)
    return tuple(sorted(COMMANDS, key=lambda command: order.index(command.group)))
