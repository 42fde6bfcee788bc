"""The five views, and what of them is the same whichever is shown: how they are sorted."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from portdash.named_tuple import NamedTuple

if TYPE_CHECKING:
    from portdash.dashboard.rows.layout import Column


class View(IntEnum):
    """What the list shows, in the order in which the frame names it."""

    SERVICES = 1
    LISTENING = 2
    CONFLICTS = 3
    RANGES = 4
    HISTORY = 5

    @property
    def title(self) -> str:
        """Return its name."""
        return self.name.capitalize()

    @property
    def command(self) -> str:
        """Return the id of the command that goes there."""
        return f"view_{self.name.lower()}"


class Sort(NamedTuple):
    """By what a view is sorted; without a column in the order that it has of itself."""

    column: Column | None = None
    is_reversed: bool = False


NATURAL = {
    View.SERVICES: "workspace, name",
    View.LISTENING: "port",
    View.CONFLICTS: "worst first",
    View.RANGES: "configuration",
    View.HISTORY: "newest first",
}
"""The order that each view has of itself, in words."""


def order_text(view: View, sort: Sort) -> str:
    """Say how a view is sorted."""
    if sort.column is None:
        return NATURAL[view]
    return f"{sort.column.value}{', reversed' if sort.is_reversed else ''}"
