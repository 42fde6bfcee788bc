"""The pane of details: lines that scroll, drawn only when they changed."""

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from portdash.dashboard.rows.layout import safe
from portdash.dashboard.rows.row import Line
from portdash.dashboard.widgets.toned import Toned


class DetailsPane(Toned, ScrollView, can_focus=True, inherit_bindings=False):
    """Shows what is known about one row; its title says which."""

    DEFAULT_CSS = """
    DetailsPane {
        height: 1fr;
        overflow: hidden auto;
        scrollbar-size-vertical: 1;
        padding: 0 1;
        scrollbar-gutter: stable;
    }
    """

    lines: tuple[Line, ...] = ()
    title = ""
    _heading = Content()
    _hint = ""
    _about = ""
    """Row and leaf that the lines are of."""
    _follows = False
    _write: Callable[[int], tuple[Line, ...]] | None = None

    def show(
        self,
        title: str,
        write: Callable[[int], tuple[Line, ...]],
        *,
        tabs: Sequence[str] = (),
        tab: str = "",
        hint: str = "",
        follows: bool = False,
    ) -> None:
        """Draw what `write` makes of so many cells, under the names of the leaves there are.

        Another title means another row, and starts at its top; so does another leaf. One that `follows` starts at its
        end, and stays there as long as nobody scrolls up. `hint` stands at the foot of the frame.
        """
        self._write, self._follows, self.title = write, follows, title
        heading = self._headed(title, tabs if len(tabs) > 1 else (), tab)
        if heading != self._heading:  # to set it is to draw everything anew
            self._heading = heading
            self.border_title = heading
        if hint != self._hint:
            self._hint = hint
            self.border_subtitle = Content(hint)
        about = f"{title}\n{tab}"
        if about != self._about:
            self._about = about
            self.lines = ()
            self.scroll_to(y=0, animate=False)
            self._rewrite()
            if follows:
                self.call_after_refresh(self._to_end)
            return
        self._rewrite()

    def _headed(self, title: str, tabs: Sequence[str], tab: str) -> Content:
        """Return the title of the frame: a click on the name of a leaf turns to it."""
        draw = self.glyphs.draw
        parts: list[str | tuple[str, str]] = [draw(safe(title))]
        for number, each in enumerate(tabs):
            parts += [draw(" ─ " if number else " ── ")]
            parts += [(f"[{each}]" if each == tab else each, f"@click=screen.turn_to('{each}')")]
        return Content.assemble(*parts)

    def write(self, write: Callable[[int], tuple[Line, ...]]) -> None:
        """Draw what `write` makes, of the same row and leaf."""
        self._write = write
        self._rewrite()

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002
        """Break the lines anew."""
        self._rewrite()

    def _rewrite(self) -> None:
        width = self.scrollable_content_region.width
        if self._write is None or width < 4:
            return
        lines = self._write(width)
        if lines == self.lines:
            return
        before, self.lines = self.lines, lines
        was_at_end = self.scroll_offset.y >= self.max_scroll_y
        if len(before) != len(lines):
            self.virtual_size = Size(1, len(lines))
            self.refresh()
        if self._follows:
            self.refresh()
            if was_at_end:
                self.call_after_refresh(self._to_end)
            return
        if len(before) != len(lines):
            return
        for number, (old, new) in enumerate(zip(before, lines, strict=True)):
            if old != new:
                self.refresh_line(number)

    def _to_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False)

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        number = self.scroll_offset.y + y
        line = self.lines[number] if number < len(self.lines) else ()
        return self.strip(line, self.scrollable_content_region.width)
