"""The base of all that is drawn line by line: toned spans in, strips out. Text is never read as markup."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Self

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from portdash.dashboard.glyphs import Glyphs
from portdash.dashboard.rows.layout import safe
from portdash.dashboard.rows.row import Span, Tone
from portdash.dashboard.widgets.looks import looks_of


class Toned(Widget):
    """Knows the styles of tones and the signs of the terminal."""

    glyphs = Glyphs()
    _tone_styles: Mapping[str, Style] = MappingProxyType({})
    _blank: Strip | None = None
    """An empty line: most of a first frame are, and one is as good as another."""

    def with_glyphs(self, glyphs: Glyphs) -> Self:
        """Draw with these signs."""
        self.glyphs = glyphs
        return self

    def notify_style_update(self) -> None:
        """Forget the styles: a theme or a pseudo-class has changed. They may not exist yet, so they are made later."""
        super().notify_style_update()
        self._tone_styles = {}
        self._blank = None

    def style_of(self, name: str) -> Style:
        """Return the style of a tone, `cursor` or `marked`."""
        style = self._tone_styles.get(name)
        if style is None:
            style = looks_of(is_ansi=self.app.native_ansi_color, is_colourless=self.app.no_color)[name].on(self)
            self._tone_styles = {**self._tone_styles, name: style}
        return style

    def strip(self, line: Iterable[Span], width: int, *, over: str | None = None) -> Strip:
        """Draw a line, cut or padded to `width`; with `over` in that one style instead of its tones."""
        if not line and over is None:
            if self._blank is None or self._blank.cell_length != width:
                self._blank = Strip([]).adjust_cell_length(width, self.style_of(Tone.PLAIN.value))
            return self._blank
        if over is not None:
            style = self.style_of(over)
            segments = [Segment(self.glyphs.draw(safe(span.text)), style) for span in line]
            return Strip(segments).adjust_cell_length(width, style)
        segments = [Segment(self.glyphs.draw(safe(span.text)), self.style_of(span.tone.value)) for span in line]
        return Strip(segments).adjust_cell_length(width, self.style_of(Tone.PLAIN.value))
