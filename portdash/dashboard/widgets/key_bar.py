"""The footer: what the keys do on this row, most likely first. Each can be clicked; Help and Quit are always there."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual.events import Click
from textual.strip import Strip

from portdash.dashboard.messages import CommandRequested
from portdash.dashboard.rows.row import Line, Span, Tone
from portdash.dashboard.widgets.toned import Toned
from portdash.named_tuple import NamedTuple

GAP = 2


class Entry(NamedTuple):
    """A key in the footer."""

    command_id: str
    key: str
    label: str
    worth: int = 0
    """Which keys are kept where not all fit: those with the lowest."""

    @property
    def width(self) -> int:
        """Cells it takes."""
        return cell_len(f"{self.key} {self.label}")


class Laid(NamedTuple):
    """An entry in its place."""

    start: int
    entry: Entry


def lay_out(entries: Sequence[Entry], always: Sequence[Entry], width: int) -> tuple[Laid, ...]:
    """Place `entries` from the left, as many as fit beside `always`, which stand at the right end.

    Where not all fit, those that are worth most are kept, in the order they have; one that does not fit keeps none out.
    """
    right_width = sum(entry.width for entry in always) + GAP * max(0, len(always) - 1)
    room = width - 1 - right_width - 1
    kept = set()
    for number in sorted(range(len(entries)), key=lambda each: entries[each].worth):
        if (cells := entries[number].width + GAP) <= room:
            kept.add(number)
            room -= cells
    start, laid = 1, []
    for number, entry in enumerate(entries):
        if number in kept:
            laid.append(Laid(start, entry))
            start += entry.width + GAP
    start = max(start, width - right_width - 1)
    for entry in always:
        laid.append(Laid(start, entry))
        start += entry.width + GAP
    return tuple(laid)


class KeyBar(Toned):
    """Draws the entries that it was last shown."""

    DEFAULT_CSS = """
    KeyBar { height: 1; width: 100%; }
    """

    entries: tuple[Entry, ...] = ()
    always: tuple[Entry, ...] = ()

    def show(self, entries: Sequence[Entry], always: Sequence[Entry]) -> None:
        """Draw other entries; nothing happens when they are the same."""
        shown = (tuple(entries), tuple(always))
        if shown != (self.entries, self.always):
            self.entries, self.always = shown
            self.refresh()

    @property
    def text(self) -> str:
        """What is drawn, without its styles."""
        return "".join(span.text for span in self._line())

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        return self.strip(self._line() if y == 0 else (), self.size.width)

    def _line(self) -> Line:
        spans: list[Span] = []
        at = 0
        for start, entry in lay_out(self.entries, self.always, self.size.width):
            spans += [Span(" " * (start - at)), Span(entry.key, Tone.ACCENT), Span(f" {entry.label}")]
            at = start + entry.width
        return tuple(spans)

    def on_click(self, event: Click) -> None:
        """Run the command under the mouse."""
        for start, entry in lay_out(self.entries, self.always, self.size.width):
            if start <= event.x < start + entry.width:
                self.post_message(CommandRequested(entry.command_id))
                return
