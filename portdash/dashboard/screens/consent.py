"""The row in which a person agrees to what cannot be taken back, by typing the number of what it is about."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from portdash.dashboard.screens.facts import cell
from portdash.dashboard.screens.fields import NumberField
from portdash.dashboard.screens.resolve_words import consent_word
from portdash.model.plan import Plan


class ConsentRow(Horizontal):
    """Hidden until asked. Posts `Changed` when the agreement is given or no longer is."""

    DEFAULT_CSS = """
    ConsentRow {
        height: auto;
        display: none;
        &.-asked { display: block; }
        & > Static { width: auto; max-width: 80%; }
        & > Field { width: 9; max-width: 9; margin-left: 1; }
    }
    """

    class Changed(Message):
        """What was typed is another now."""

    class Submitted(Message):
        """Enter was pressed in the field."""

    def __init__(self) -> None:
        super().__init__()
        self._answer: str | None = None

    def compose(self) -> ComposeResult:
        """Lay out the question and the field."""
        yield Static(id="consent-asks", markup=False)
        yield NumberField(id="consent", max_length=5)

    @property
    def is_asked(self) -> bool:
        """Whether the question stands."""
        return self._answer is not None

    @property
    def is_given(self) -> bool:
        """Whether the right number stands in the field."""
        return self.is_asked and self.query_one(NumberField).value == self._answer

    def ask(self, plan: Plan) -> None:
        """Ask for what agrees to `plan`: the port, or how many end."""
        word = consent_word(plan)
        self.ask_for(word.asks, word.answer)

    def ask_for(self, asks: str, answer: str) -> None:
        """Ask in these words for this answer."""
        self._answer = answer
        self.query_one("#consent-asks", Static).update(cell(asks))
        self.add_class("-asked")
        self.query_one(NumberField).focus()

    def forget(self) -> None:
        """Take the question and what was typed away."""
        self._answer = None
        field = self.query_one(NumberField)
        field.value = ""
        self.remove_class("-asked")
        if field.has_focus:
            self.screen.set_focus(None)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted())
