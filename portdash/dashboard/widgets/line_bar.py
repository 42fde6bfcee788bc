"""A bar of one line: the header and the trouble line."""

from textual.strip import Strip

from portdash.dashboard.rows.row import Line
from portdash.dashboard.widgets.toned import Toned


class LineBar(Toned):
    """Draws the line it was last shown."""

    DEFAULT_CSS = """
    LineBar { height: 1; width: 100%; }
    """

    line: Line = ()

    def show(self, line: Line) -> None:
        """Draw another line; nothing happens when it is the same."""
        if line != self.line:
            self.line = line
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        return self.strip(self.line if y == 0 else (), self.size.width)
