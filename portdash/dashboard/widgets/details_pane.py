"""The pane of details: lines that scroll, drawn only when they changed."""

from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from portdash.dashboard.rows.layout import safe
from portdash.dashboard.rows.row import Line
from portdash.dashboard.widgets.toned import Toned


class DetailsPane(ScrollView, Toned, can_focus=True, inherit_bindings=False):
    """Shows what is known about one row; its title says which."""

    DEFAULT_CSS = """
    DetailsPane {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        padding: 0 1;
    }
    """

    lines: tuple[Line, ...] = ()
    title = ""

    def show(self, title: str, lines: tuple[Line, ...]) -> None:
        """Draw other lines. Another title means another row, and starts at its top."""
        if title != self.title:
            self.title = title
            self.border_title = Content(self.glyphs.draw(safe(title)))
            self.scroll_to(y=0, animate=False)
        if lines == self.lines:
            return
        self.lines = lines
        self.virtual_size = Size(1, len(lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        number = self.scroll_offset.y + y
        line = self.lines[number] if number < len(self.lines) else ()
        return self.strip(line, self.size.width)
