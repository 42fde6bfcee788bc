"""The fields of a new allocation, and how what stands in them becomes a `Wish`."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Grid, Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Checkbox, Collapsible, Input, Select, Static

from portdash.dashboard.glyphs import FOLDED, OPEN
from portdash.dashboard.screens.fields import Field, Tick
from portdash.dashboard.widgets.bounds import Choice
from portdash.errors import InvalidName, PortdashError
from portdash.manager.wishes import Wish
from portdash.model.names import check_service
from portdash.model.ports import parse_port, parse_range
from portdash.model.snapshot import Snapshot
from portdash.record import record
from portdash.text import clean

T = TypeVar("T")

MORE = (
    ("range", "Range", "such as 3000-3999"),
    ("base", "Base", "such as 5000"),
    ("exclude", "Exclude", "such as 3004, 3100-3110"),
    ("variable", "Variable", "such as NAME_PORT"),
    ("inherit", "Inherit", "a service whose port it shares"),
    ("purpose", "Purpose", "what it is for"),
)
"""Id, label, and example or meaning of each field that is folded away at first."""


@record
class Mistake:
    """What is wrong with one field."""

    label: str
    text: str


class Labelled(Horizontal):
    """A label and the field it belongs to."""

    DEFAULT_CSS = """
    Labelled { height: 1; width: 1fr; padding-right: 2; }
    Labelled > .label { width: 11; text-style: bold; }
    Labelled > Select { width: 1fr; max-width: 40; }
    Labelled SelectCurrent .arrow, Labelled SelectCurrent Static#label { color: $foreground 74%; }
    Labelled SelectCurrent.-has-value Static#label { color: $foreground; }
    Labelled SelectCurrent:ansi .arrow, Labelled SelectCurrent:ansi Static#label { color: ansi_default; }
    """

    def __init__(self, label: str, field: Widget) -> None:
        super().__init__(Static(label, classes="label", markup=False), field)


class WishForm(Vertical):
    """The fields. Posts `Changed` on each change; `read` says what is wished, or what is wrong."""

    DEFAULT_CSS = """
    WishForm {
        height: auto;
        & > Grid, Collapsible Grid { grid-size: 2; height: auto; grid-rows: 1; grid-gutter: 0 0; }
        Collapsible, Collapsible:ansi { background: transparent; border: none; padding: 0; margin: 0; }
        CollapsibleTitle { padding: 0; }
        CollapsibleTitle:focus { text-style: reverse; }
        Collapsible Contents { padding: 0 0 0 2; height: auto; }
        Tick { width: auto; margin-right: 3; }
        #ticks { height: auto; }
    }
    """

    class Changed(Message):
        """Something in the form is another now."""

    def __init__(self, snapshot: Snapshot, workspaces: Iterable[str], *, name: str = "") -> None:
        super().__init__()
        self._name_then = name
        self.snapshot = snapshot
        self._workspaces = tuple(workspaces)

    def compose(self) -> ComposeResult:
        """Lay out the four fields everybody needs, and the others folded away."""
        with Grid():
            yield Labelled("Service", Field(self._name_then, id="service", placeholder="its name", max_length=67))
            yield Labelled("Workspace", self._workspace_choice())
            yield Labelled("Preferred", Field(id="preferred", placeholder="such as 3000, 3005"))
            yield Labelled("Type", self._type_choice())
        more = "more: range base exclude variable inherit pin strict"
        with Collapsible(title=more, collapsed_symbol=FOLDED, expanded_symbol=OPEN):
            with Grid():
                for name, label, example in MORE:
                    yield Labelled(label, Field(id=name, placeholder=example))
            with Horizontal(id="ticks"):
                yield Tick("pin: never displaced", id="pin")
                yield Tick("strict: its variable or nothing", id="strict")

    def read(self) -> Wish | tuple[Mistake, ...]:
        """Return the wish that the fields make, or everything that is wrong with them."""
        mistakes: list[Mistake] = []

        def reading(label: str, field: str, parse: Callable[[str], T]) -> T | None:
            try:
                return parse(text) if (text := self._text(field)) else None
            except PortdashError as error:
                mistakes.append(Mistake(label, error.message))
                return None

        name = reading("Service", "service", check_service)
        preferred = reading("Preferred", "preferred", ports_in)
        span = reading("Range", "range", parse_range)
        base = reading("Base", "base", parse_port)
        exclude = reading("Exclude", "exclude", ranges_in)
        variable = reading("Variable", "variable", check_variable)
        inherit = reading("Inherit", "inherit", check_service)
        if mistakes or name is None:
            return tuple(mistakes)
        workspace = self.workspace
        return Wish(
            name=name if workspace == self.snapshot.workspace else f"{workspace}/{name}",
            type=self.type,
            purpose=self._text("purpose") or None,
            preferred=preferred,
            base=base,
            range=span,
            exclude=exclude,
            env=variable,
            inherit_from=inherit,
            pin=True if self.query_one("#pin", Tick).value else None,
            strict=self.query_one("#strict", Tick).value,
        )

    @property
    def workspace(self) -> str:
        """Name of the workspace that is chosen."""
        value = self.query_one("#workspace", Select).value
        return value if isinstance(value, str) else self.snapshot.workspace

    @property
    def type(self) -> str | None:
        """The type that is chosen, if any."""
        value = self.query_one("#type", Select).value
        return value if isinstance(value, str) else None

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Checkbox.Changed)
    def _announce(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Changed())

    def _text(self, field: str) -> str:
        return self.query_one(f"#{field}", Field).value.strip()

    def _workspace_choice(self) -> Choice:
        names = self._workspaces or (self.snapshot.workspace,)
        labels = {each.name: each.label for each in self.snapshot.workspaces}
        options = [(Content(clean(labels.get(name, name))), name) for name in names]
        here = self.snapshot.workspace
        value = here if here in names else names[0]
        return Choice(options, value=value, allow_blank=False, id="workspace", compact=True, disabled=len(names) == 1)

    def _type_choice(self) -> Choice:
        types = dict.fromkeys(each.type for each in self.snapshot.policy.ranges if each.type != "dynamic")
        options = [(Content(clean(name)), name) for name in types]
        return Choice(options, prompt="any", id="type", compact=True, disabled=not options)


def ports_in(text: str) -> tuple[int, ...]:
    """Read `3000, 3005` or `3000 3005`, keeping the order. Raises InvalidPort."""
    return tuple(dict.fromkeys(parse_port(word) for word in text.replace(",", " ").split()))


def ranges_in(text: str) -> frozenset[int]:
    """Read ports and ranges of them, `3004, 3100-3110`. Raises InvalidPort."""
    return frozenset(port for word in text.replace(",", " ").split() for port in parse_range(word))


def check_variable(text: str) -> str:
    """Return `text` if it can name an environment variable. Raises InvalidName."""
    if not (text.isascii() and text.isidentifier()):
        raise InvalidName(f"{clean(text, limit=40)!r} cannot name a variable")
    return text
