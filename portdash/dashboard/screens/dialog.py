"""The base of every dialog: a framed box that never outgrows the screen, says one thing and asks one thing.

Nothing typed before it could be read counts, and neither does text that arrives faster than a hand types: see
`patience`. A key that does not count is said on the frame, and `enter` means nothing right after it. Escape always
leaves without doing anything, and at once.
"""

from collections.abc import Iterable
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key, Paste, Resize
from textual.message import Message
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Static

from portdash.dashboard.keymap import print_key
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.patience import KeyGuard, Patience
from portdash.text import clean

R = TypeVar("R")


TERSE_BELOW = 78
"""Columns below which buttons leave out their air."""


class DialogBody(VerticalScroll, can_focus=False):
    """What the dialog says; scrolls when the screen is too small for it."""


class DialogFoot(Vertical):
    """Status and buttons; tells the dialog of another height, which the body has to leave room for."""

    class Grown(Message):
        """It has another height."""

    def on_resize(self) -> None:
        """Tell of it."""
        self.post_message(self.Grown())


class Dialog(ModalScreen[R]):
    """A modal box with a title, a body, one line for what goes on, and buttons.

    A subclass yields its body from `compose_body` and its buttons from `compose_buttons`, and says in `confirm` what
    its key of consent does. `confirm` runs only for a key that counts, or for a click on a button named `yes`.
    """

    DEFAULT_CSS = """
    Dialog {
        align: center middle;

        & > #frame {
            width: 96;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            border: round $border-blurred;
            border-title-color: $foreground;
            border-title-style: bold;
            background: $background;
            padding: 0 1;
        }
        #body { height: auto; padding: 0 1; }
        #foot { height: auto; padding: 0 1; }
        #status { height: auto; max-height: 3; margin-top: 1; display: none; }
        #status.-said { display: block; }
        #status.-error { color: $text-error; text-style: bold; }
        #status.-busy { color: $text-warning; }
        #buttons { height: 1; margin-top: 1; align-horizontal: center; }
        Field { width: 1fr; max-width: 40; padding: 0 1; }
        .rule { height: 1; margin: 0 0; color: $text-muted; }
        .hint { color: $text-muted; height: auto; }
    }
    Dialog.-narrow {
        & > #frame, #foot, #choice { padding: 0; }
        #foot > ConsentRow, #foot > #status { padding: 0 1; }
        Act { margin: 0; min-width: 1; }
    }
    Dialog.-narrow ConsentRow > Static { max-width: 62%; }
    Dialog.-short {
        #status { margin-top: 0; }
        #buttons { margin-top: 0; }
        .gap { display: none; }
    }
    """
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-tall")]  # noqa: RUF012 (an instance variable, as Textual types it)
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 (as above)
        (0, "-narrow"),
        (78, "-normal"),
        (120, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False),
        Binding("q", "leave", show=False),
        Binding("up", "scroll_body(-1)", show=False),
        Binding("down", "scroll_body(1)", show=False),
        Binding("pageup", "scroll_body(-8)", show=False),
        Binding("pagedown", "scroll_body(8)", show=False),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]
    AUTO_FOCUS: ClassVar[str | None] = "#no"
    IS_HARMLESS: ClassVar[bool] = False
    """Whether nothing can be done in it that would have to be read before: every key counts at once."""
    patience: ClassVar[Patience] = Patience()
    """The default; a test that presses keys at once replaces it."""

    def __init__(self, *, title: str, patience: Patience | None = None) -> None:
        super().__init__()
        self.guard = KeyGuard(patience or self.patience)
        self._heading = title
        self._ignored = ""
        """The last key that came too early, as it is printed, until another one counts."""
        self._about_to_confirm: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out frame, body, status line and buttons."""
        with Vertical(id="frame") as frame:
            frame.border_title = Content(clean(self._heading))
            with DialogBody(id="body"):
                yield from self.compose_body()
            with DialogFoot(id="foot"):
                yield from self.compose_question()
                yield Static(id="status", markup=False)
                with Horizontal(id="buttons"):
                    yield from self.compose_buttons()

    def compose_body(self) -> Iterable[Widget]:
        """Yield what stands between title and buttons."""
        return ()

    def compose_question(self) -> Iterable[Widget]:
        """Yield what is asked under the body, which never scrolls away."""
        return ()

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield the buttons, the harmless one (`no`) among them."""
        yield Act("Close", "esc", id="no")

    def confirm(self) -> None:
        """Do what the dialog is for."""

    def on_mount(self) -> None:
        """Let the quiet time begin with the first drawing."""
        self.call_after_refresh(self.guard.drawn)
        self.call_after_refresh(self._fit)

    def on_resize(self, _event: Resize) -> None:
        """Keep the buttons on the screen, whatever its size."""
        for each in self.query(Act):
            each.be_terse(is_terse=self.size.width < TERSE_BELOW)
        self.call_after_refresh(self._fit)

    def on_key(self, event: Key) -> None:
        """Drop what was typed before the dialog could be read; a key after a confirming one takes it back."""
        if event.key == "escape":
            return
        if not self.IS_HARMLESS and not self.admits(event):
            self._take_note(self._ignored if event.key == "enter" and self._ignored else print_key(event.key))
        elif event.key == "enter" and self._ignored not in ("", "enter"):
            self.say(f"{self._ignored} came too early and did nothing: press it again, or esc leaves", error=True)
            self._take_note("")
        else:
            self._take_note("")
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: Paste) -> None:
        """Drop text that was pasted at no field."""
        event.stop()

    def on_mouse_down(self) -> None:
        """Judge a click by itself, not by what was typed before it."""
        self.guard.forget()

    def admits(self, event: Key) -> bool:
        """Say whether a key counts, and take note of it. Fields tell of each character they take."""
        if event.is_printable and self._about_to_confirm:
            self._about_to_confirm.stop()
            self._about_to_confirm = None
            self.say("typed or pasted text does not confirm", error=True)
        if self.guard.is_early(event):
            return False
        self.guard.note(event)
        return True

    def dismiss(self, result: R | None = None) -> AwaitComplete:
        """Close with an answer, once; what stands over it goes as well.

        Of two keys that come at once the second may be handled when the first has closed it. Textual's own would then
        take away whatever is on top, and of the main screen the program would die.
        """
        if self not in self.app.screen_stack:
            return AwaitComplete()
        while not self.is_active:
            self.app.pop_screen()
        return super().dismiss(result)

    def _take_note(self, key: str) -> None:
        """Show on the frame which key was ignored, else where things are said; an empty one takes it away."""
        if key == self._ignored:
            return
        self._ignored = key
        note = f"{clean(key)} ignored" if key else ""
        for frame in (frames := self.query("#frame")):
            frame.border_subtitle = Content.assemble((note, "dim"))
        if not frames:
            self.say(note)

    def action_leave(self) -> None:
        """Close without doing anything."""
        self.dismiss(None)

    def action_confirm(self) -> None:
        """Confirm by key, once it is certain that the key was not part of pasted text."""
        if self.guard.is_burst:
            self.say("typed or pasted text does not confirm", error=True)
        elif self.guard.patience.burst == 0:
            self.confirm()
        elif self._about_to_confirm is None:
            self._about_to_confirm = self.set_timer(self.guard.patience.burst, self._confirm_now)

    def action_scroll_body(self, lines: int) -> None:
        """Scroll the body where it does not fit; a key may come before it is there, or after it has gone."""
        for body in self.query(DialogBody):
            body.scroll_relative(y=lines, animate=False)

    @on(Button.Pressed, "#no")
    def _no_pressed(self) -> None:
        self.action_leave()

    @on(Button.Pressed, "#yes")
    def _yes_pressed(self) -> None:
        self.action_confirm()

    def say(self, line: str, *, error: bool = False, busy: bool = False) -> None:
        """Show one line above the buttons; an empty one takes it away. Nothing before there is one, and after."""
        for status in self.query("#status").results(Static):
            status.set_class(bool(line), "-said")
            status.set_class(error, "-error")
            status.set_class(busy, "-busy")
            status.update(Content(("▲ " if error else "") + clean(line, limit=400)))
            self.call_after_refresh(self._fit)

    def _confirm_now(self) -> None:
        self._about_to_confirm = None
        if self.is_active:  # else it has been left, or another stands over it, in the moment of silence
            self.confirm()

    @on(DialogFoot.Grown)
    def _foot_grown(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """Give the body the rows that frame, status and buttons leave."""
        if not (self.is_mounted and self.is_running):
            return  # once it has been left, what it asked for is done after the next drawing of the screen below
        taken = self.query_one("#foot").outer_size.height + 2
        self.query_one(DialogBody).styles.max_height = max(2, self.size.height - taken)
