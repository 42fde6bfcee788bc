"""The one-line inputs and ticks of the dialogs, which take no key that was typed before they could be seen."""

from typing import ClassVar, Protocol, runtime_checkable

from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.widgets import Checkbox, Input


@runtime_checkable
class Gate(Protocol):
    """Whoever decides whether a key counts: the dialog."""

    def admits(self, event: Key) -> bool:
        """Say whether a key counts, and take note of it."""
        ...


class Field(Input):
    """A compact input that asks its dialog before it takes a character."""

    def __init__(self, value: str = "", *, id: str, placeholder: str = "", max_length: int = 0) -> None:  # noqa: A002
        super().__init__(
            value, placeholder=placeholder, id=id, max_length=max_length, compact=True, select_on_focus=False
        )

    def on_key(self, event: Key) -> None:
        """Refuse a character that does not count; the input's own handler takes the others."""
        gate = self.screen
        if event.is_printable and isinstance(gate, Gate) and not gate.admits(event):
            event.stop()
            event.prevent_default()

    def on_paste(self, event: Paste) -> None:
        """Take the first line of what is pasted, and of it what can be printed."""
        if event.text:
            first = event.text.splitlines()[0]
            self.replace("".join(char for char in first if char.isprintable()), *self.selection)
        event.stop()
        event.prevent_default()


class Tick(Checkbox, inherit_bindings=False):
    """A compact check box; `enter` is left to the dialog, which confirms with it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "toggle_button", "Toggle", show=False)]

    def __init__(self, label: str, *, id: str) -> None:  # noqa: A002
        super().__init__(label, id=id, compact=True)
