"""The line in which a filter is typed. It is seen while it is open, and is no part of the first frame."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

_HINT = "words, port:3000 project: via: up:>12h conn:0 state: host: !"


class FilterLine(Horizontal):
    """A sign, what is typed, and what is wrong with it."""

    DEFAULT_CSS = """
    FilterLine {
        display: none;
        height: 1;
        background: $surface;
        padding: 0 1;

        #filter-sign { width: 1; color: $accent; }
        #filter-said { width: auto; max-width: 60%; color: $warning; }
        #filter { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
    }
    FilterLine.-open { display: block; }
    """

    def __init__(self, text: str) -> None:
        super().__init__(id="filter-line")
        self.input = Input(text, placeholder=_HINT, id="filter", compact=True)
        self._said = Static(Content(""), id="filter-said", markup=False)

    def compose(self) -> ComposeResult:
        """Yield the parts."""
        yield Static("/", id="filter-sign", markup=False)
        yield self.input
        yield self._said

    def say(self, text: str) -> None:
        """Say what is wrong. Another text lays everything out anew: the line is as long as it."""
        content = Content(text)
        if self._said.content != content:
            self._said.update(content)

    def open(self) -> None:
        """Show it, and let it have the keys."""
        self.add_class("-open")
        self.input.focus()

    def close(self) -> None:
        """Hide it."""
        self.remove_class("-open")
