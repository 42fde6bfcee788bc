"""The one-line inputs and ticks of the dialogs."""

from typing import ClassVar, Protocol, runtime_checkable

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Key, Paste
from textual.widgets import Checkbox, Input

from portdash.dashboard.widgets.bounds import Bounded, Reversing


@runtime_checkable
class Gate(Protocol):
    """Whoever decides whether a key that does something counts: the dialog."""

    def admits(self, event: Key) -> bool:
        """Say whether a key counts, and take note of it."""
        ...


class Field(Bounded, Input):
    """A compact input. It takes what was typed ahead, too: half a name is worse than none, and text never acts."""

    DEFAULT_CSS = "Field, Field.-textual-compact { padding: 0 1; }"

    def __init__(self, value: str = "", *, id: str, placeholder: str = "", max_length: int = 0) -> None:  # noqa: A002
        super().__init__(
            value, placeholder=placeholder, id=id, max_length=max_length, compact=True, select_on_focus=False
        )

    def on_key(self, event: Key) -> None:
        """Let the dialog note a character, so that it can tell a key that confirms from the end of pasted text."""
        if event.is_printable and isinstance(self.screen, Gate):
            self.screen.admits(event)

    def on_paste(self, event: Paste) -> None:
        """Take the first line of what is pasted, and of it what can be printed."""
        if event.text:
            first = event.text.splitlines()[0]
            self.replace("".join(char for char in first if char.isprintable()), *self.selection)
        event.stop()
        event.prevent_default()


class NumberField(Field):
    """A field that takes digits; every other key is a key of the dialog, as it were without the field."""

    def on_key(self, event: Key) -> None:
        """Leave what is no digit to the dialog."""
        if event.is_printable and not _is_digit(event.character):
            event.prevent_default()

    def check_consume_key(self, key: str, character: str | None) -> bool:  # noqa: ARG002  as Textual calls it
        """Say whether a key is text here."""
        return _is_digit(character)


def _is_digit(character: str | None) -> bool:
    return character is not None and character.isascii() and character.isdigit()


class Tick(Reversing, Checkbox, inherit_bindings=False):
    """A compact check box, `[x]` or `[ ]` in any colours; `enter` is left to the dialog, which confirms with it."""

    DEFAULT_CSS = """
    Tick, Tick.-on, Tick:ansi, Tick:ansi.-on {
        background: transparent;
        & > .toggle--button { color: $foreground; background: transparent; text-style: bold; }
    }
    Tick:focus { border: none !important; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "toggle_button", "Toggle", show=False)]

    def __init__(self, label: str, *, id: str, is_set: bool = False) -> None:  # noqa: A002
        super().__init__(label, is_set, id=id, compact=True)

    @property
    def _button(self) -> Content:
        """The sign before the label; the toolkit's own says by its colour alone whether it is set."""
        return Content.assemble((f"[{'x' if self.value else ' '}]", self.get_visual_style("toggle--button")))
