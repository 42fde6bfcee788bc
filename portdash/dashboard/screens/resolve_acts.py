"""The buttons of the resolve screen, which name what they would do just now."""

from textual.app import ComposeResult
from textual.containers import Horizontal

from portdash.dashboard.screens.act import Act
from portdash.model.plan import Strategy
from portdash.text import plural

NARROW = 50
"""Columns below which four buttons have no room beside each other."""


class ResolveActs(Horizontal):
    """A button for each key, in few words where there is little room; the key that copies needs none there.

    Where it is narrower still, consent comes before all conflicts at once: the way out is on the screen at any width.
    """

    DEFAULT_CSS = """
    ResolveActs.-crowded > #copy { display: none; }
    """

    def compose(self) -> ComposeResult:
        """Lay them out."""
        yield Act("Apply", "enter", id="yes")
        yield Act("All", "a", id="all", action="screen.all")
        yield Act("Consent", "t", id="agree", action="screen.consent")
        yield Act("Copy", "Y", id="copy", action="screen.copy")
        yield Act("Leave", "esc", id="no")

    def show(
        self,
        *,
        number: int,
        strategy: Strategy,
        conflicts: int,
        is_all: bool,
        is_one: bool,
        ends: bool,
        is_wide: bool,
    ) -> None:
        """Name the chosen way and what else there is.

        `is_one` says that the screen was opened for one conflict, `ends` that the chosen plan needs consent.
        """
        self._act("yes").name_it(f"Apply {number} {strategy}" if is_wide else f"Apply {number}")
        everything = f"All {plural(conflicts, 'conflict')} in one plan" if is_wide else f"All {conflicts}"
        self._act("all").name_it("Only this" if is_all else everything)
        is_narrow = self.app.size.width < NARROW
        has_room = not (ends and is_narrow)
        self._act("all").display = is_one and (conflicts > 1 or is_all) and has_room
        self._act("agree").name_it("Agree" if is_narrow else "Consent")
        self._act("agree").display = ends
        self.set_class(ends and not is_wide, "-crowded")
        self._act("no").name_it("Leave, nothing done" if is_wide else "Leave")

    def _act(self, name: str) -> Act:
        return self.query_one(f"#{name}", Act)
