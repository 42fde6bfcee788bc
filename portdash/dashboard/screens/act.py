"""A button on one line that names its key, and looks like a button without any colour."""

from textual.content import Content
from textual.widgets import Button

from portdash.text import clean


class Act(Button):
    """`[ Release  y ]`; round brackets while it cannot be used. With an `action` it posts no `Pressed`."""

    DEFAULT_CSS = """
    Act, Act.-textual-compact {
        width: auto;
        min-width: 6;
        margin: 0 1 0 0;
        /* To wrap it where its air leaves it no column, as a grid's cell may, is more than the toolkit bears. */
        text-wrap: nowrap;
        text-overflow: clip;
        background: transparent;
        background-tint: transparent;
        &:hover { background: $boost; }
        &:focus { text-style: reverse bold; }
        &:disabled { text-style: none; color: $foreground 74%; opacity: 100%; text-opacity: 100%; }
    }
    Act:ansi.-style-default {
        border: none;
        &:hover, &.-active { border: none !important; }
        /* The toolkit frames a button that cannot be used, in the terminal's own colours only, and insists on it. */
        &:disabled { border: none !important; text-style: dim; }
    }
    """

    def __init__(self, label: str, key: str, *, id: str, action: str | None = None) -> None:  # noqa: A002 (Textual's)
        super().__init__("", id=id, compact=True, action=action)
        self._key = key
        self._act = label
        self._is_terse = False
        self.name_it(label)

    def name_it(self, label: str, *, key: str | None = None) -> None:
        """Give it another label, and another key where one is given."""
        self._act = label
        self._key = self._key if key is None else key
        left, right = ("(", ")") if self.disabled else ("[", "]")
        parts = (f"{left} {clean(label)}  ", f" {right}") if not self._is_terse else (f"{left}{clean(label)} ", right)
        self.label = Content.assemble(parts[0], (self._key, "" if self.disabled else "dim"), parts[1])
        self.refresh(layout=True)

    def be_terse(self, *, is_terse: bool) -> None:
        """Leave out the air where there is little room."""
        if is_terse != self._is_terse:
            self._is_terse = is_terse
            self.name_it(self._act)

    def watch_disabled(self, disabled: bool) -> None:
        """Change the brackets with it."""
        super().watch_disabled(disabled)
        self.name_it(self._act)
