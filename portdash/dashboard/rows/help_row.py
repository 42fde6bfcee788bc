"""A line of help, or of a menu."""

from typing import NamedTuple


class HelpRow(NamedTuple):
    """One command as help shows it."""

    key: str
    label: str
    help: str
    reason: str | None = None
    """Why it cannot be used here; None when it can."""
    command: str = ""
    """Id that the dialog closes with; without one it closes with the key."""
