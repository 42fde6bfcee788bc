"""What a command is: one thing a person can ask for, declared once."""

from collections.abc import Callable
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


def always(_context: Context) -> str | None:
    """Say that it can always be used."""
    return None


@record(kw_only=True)
class Command:
    """One thing a person can ask for."""

    id: str
    """Name of its action, and its name in `[keys]`."""
    keys: tuple[str, ...]
    """Default keys, as they are written in `[keys]`; the first is the one that is shown. Without any it is in the
    palette alone, until `[keys]` gives it one."""
    label: str
    """One or two words, for the footer."""
    help: str
    """One line, for the help, the palette and the tooltip."""
    group: Group
    unavailable: Callable[[Context], str | None] = always
    """Return why it cannot be used now, None when it can."""
    rank: int | None = None
    """Place in the footer, lowest first; None keeps it out."""
    worth: int | None = None
    """Which are kept in a footer that has no room for all, lowest first; None means as they stand."""
    is_harmless: bool = False
    """Whether it only moves the cursor: it acts at once, even while a burst of keys is being judged."""
    is_global: bool = False
    """Whether it works in dialogs too."""
    is_menu: bool = False
    """Whether it stands in the menu of the mouse."""
