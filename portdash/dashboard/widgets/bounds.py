"""What tells a field from text, and the chosen line from the others, whatever the colours: brackets, reverse video."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.color import Color
from textual.command import CommandList
from textual.filter import LineFilter
from textual.strip import Strip
from textual.style import Style as VisualStyle
from textual.widgets import OptionList, Select, Static
from textual.widgets._select import SelectCurrent, SelectOverlay

from portdash.dashboard.glyphs import OPEN

if TYPE_CHECKING:
    from textual.widget import Widget
else:
    Widget = object  # a style sheet knows a widget by the first of its bases that is one
_BOLD = Style(bold=True)


class Brackets(LineFilter):
    """Draws `[` and `]` in the first and the last cell, which hold the air beside the text."""

    def __init__(self, style: Style) -> None:
        super().__init__()
        self._style = style

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002  Textual's signature
        """Return the line with its ends in brackets; one without room for them as it is."""
        line = Strip(segments)
        width = line.cell_length
        if width < 2:
            return segments
        return [Segment("[", self._style), *line.crop(1, width - 1), Segment("]", self._style)]


@lru_cache(64)
def _brackets(style: Style) -> Brackets:
    """Return one and the same filter for a style: a line remembers what a filter made of it."""
    return Brackets(style)


class Bounded(Widget):
    """Stands in brackets, bold ones where it has the focus. Needs a cell of padding on both sides."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Draw the brackets before any filter of the app sees the line."""
        style = self.rich_style + _BOLD if self.has_focus else self.rich_style
        return [_brackets(style), *super().get_line_filters()]


class Reversing(Widget):
    """Draws parts in reverse video where the style sheet says so: of theirs the toolkit loses it."""

    def get_visual_style(self, *component_classes: str, partial: bool = False) -> VisualStyle:
        """Return the style of the widget and its parts, reverse video among it."""
        style = super().get_visual_style(*component_classes, partial=partial)
        said = [self.get_component_styles(name).text_style.reverse for name in component_classes]
        is_reversed = next((each for each in reversed(said) if each is not None), None)
        return style if is_reversed is None else style + VisualStyle(reverse=is_reversed)


class Lines(Reversing, OptionList):
    """Lines to choose from."""


class CommandLines(Reversing, CommandList):
    """The palette's lines."""


class _ChoiceLines(Reversing, SelectOverlay):
    """The lines of a choice that is open."""


class _Chosen(Bounded, SelectCurrent):
    """What is chosen, with signs that have no emoji form."""

    def compose(self) -> ComposeResult:
        """Yield the text and the sign of a list that can be opened, or closed."""
        yield Static(self.placeholder, id="label", markup=False)
        yield Static(OPEN, classes="arrow down-arrow", markup=False)
        yield Static("▴", classes="arrow up-arrow", markup=False)


class Choice(Select[str]):
    """One of several names: a field in brackets, in reverse video where it has the focus; its list has a frame."""

    DEFAULT_CSS = """
    Choice {
        & > SelectCurrent, &.-textual-compact > SelectCurrent { padding: 0 1; border: none; }
        &:focus > SelectCurrent { text-style: bold reverse; border: none; }
        & > SelectOverlay, & > SelectOverlay:focus { border: round $accent; }
        & > SelectOverlay.-textual-compact { border: round $accent !important; }
    }
    """

    def compose(self) -> ComposeResult:
        """Yield what is chosen, and the list over what is below."""
        yield _Chosen(self.prompt)
        yield _ChoiceLines(type_to_search=self._type_to_search).data_bind(compact=Select.compact)
