"""What the main screen says in passing: a line at its foot, counted where it is said again, kept in the history."""

from portdash.dashboard.screens.main_view import MainView
from portdash.model.history import Event, EventKind
from portdash.text import clean

TOAST_LINES = 4
"""Lines at the foot of the screen that toasts may take."""
SAID_KEPT = 200
"""Toasts that the view of history remembers."""


class Toasting(MainView):
    """Says things."""

    def toast(self, text: str, *, error: bool = False) -> None:
        """Say one line: a fact for four seconds, an error until `esc`. Equal ones on the screen are counted."""
        text = clean(text)
        self._remember(text)
        self.spare_the_row()
        count = self.take_back(text)
        counted = f"{text}  x{count + 1}" if count else text
        if error:
            self.notify(counted, severity="error", timeout=3600, markup=False)
            # The footer has a way to take it away, once the app has taken note of it: in its own queue, that is.
            self.app.call_later(self.show_bars)
        else:
            self.notify(counted, timeout=4, markup=False)

    def take_back(self, text: str) -> int:
        """Take a line away that is said; return how often it was said."""
        text = clean(text)
        shown = [each for each in self.app._notifications if each.message.partition("  x")[0] == text]  # noqa: SLF001
        taken = {f"--textual-toast-{each.identity}" for each in shown}
        for holder in self.query("ToastHolder"):
            if holder.id in taken:  # the toolkit would take its text alone, and leave an empty line for ever
                holder.remove()
        for each in shown:
            self.app._unnotify(each)  # noqa: SLF001  there is no public way to take back one
        return sum(int(each.message.rpartition("  x")[2]) if "  x" in each.message else 1 for each in shown)

    def spare_the_row(self) -> None:
        """Let toasts stand above the list where the cursor is among the last lines: they never hide its row."""
        self.set_class(self.table.cursor_line >= self.size.height - 1 - TOAST_LINES, "-toasts-above")

    def _remember(self, text: str) -> None:
        number = self.said[-1][0] + 1 if self.said else 0
        event = Event(
            kind=EventKind.HEALTH, at=self.desk.now(), workspace="", service="", actor="dashboard", reason=text
        )
        self.said = (*self.said, (number, event))[-SAID_KEPT:]
