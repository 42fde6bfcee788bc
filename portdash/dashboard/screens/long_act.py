"""A dialog whose act takes its time: a thread carries it out, and a line says what is being done and for how long.

It can be left: that stops the waiting, not the act, and what comes of it is told when it is over.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import on
from textual.app import App
from textual.message import Message
from textual.timer import Timer
from textual.worker import Worker, WorkerState

from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.patience import Patience
from portdash.errors import PortdashError
from portdash.manager.apply import Outcome
from portdash.record import record
from portdash.text import clean

_log = logging.getLogger(__name__)


@record
class Told:
    """What came of an act."""

    message: Message
    """For the dialog."""
    text: str
    """For whoever sits before the screen, where the dialog has been left."""
    is_error: bool = False


class LongAct(Dialog[Outcome | None]):
    """Carries out one act at a time: `begin` starts it, `end` is called once its outcome has been handled."""

    @dataclass
    class Progressed(Message):
        """A line from the act that is under way."""

        line: str

        @property
        def is_begun(self) -> bool:
            """Whether it is about what is being done; else about what has been."""
            return self.line.endswith("…")

    @dataclass
    class Failed(Message):
        """It could not be done, or nobody could find out what to do."""

        message: str
        hint: str
        error: PortdashError | None = None

    def __init__(self, *, title: str, patience: Patience | None = None) -> None:
        super().__init__(title=title, patience=patience)
        self.is_under_way = False
        """Whether something is being done."""
        self._line = ""
        """What is being done just now."""
        self._behind: list[str] = []
        """What has been done and verified so far, as it is shown."""
        self._verified: list[str] = []
        """The same, as the act has told it."""
        self._began = 0.0
        self._ticking: Timer | None = None
        self._carried: asyncio.Future[None] | None = None
        """Done once the act is over; nobody cancels it."""
        self._host: App[object] | None = None
        """Who tells the outcome when nobody waits for it here any more: this dialog may be gone by then."""
        self._is_left = False
        """Whether nobody waits for the outcome here any more."""
        self._is_told = False
        """Whether the outcome is on its way to this dialog, which must stay to hear it."""

    @property
    def width(self) -> int:
        """Columns of the screen; may be asked in the thread of an act, whose dialog may be gone."""
        return self._host.size.width if self._host is not None else self.size.width

    def arm(self) -> None:
        """Let the buttons say what can be done."""

    def begin(self, line: str, act: Callable[[], Told]) -> None:
        """Call `act` in a thread, and say `line` meanwhile. Of a PortdashError that it raises, Failed is posted.

        It is no worker of Textual's: one that still waits for its thread when this dialog is left would never begin.
        """
        self.is_under_way = True
        self.arm()
        self._line, self._behind, self._verified, self._began = line, [], [], self.guard.patience.clock()
        self._ticking = self.set_interval(0.5, self._tell_progress)
        self._tell_progress()
        self._host = self.app
        self._carried = asyncio.get_running_loop().run_in_executor(None, self._carry_out, act)

    def tell(self, message: Message) -> None:
        """Post a message from the act, in its thread, to this dialog; nobody hears it where that has been left.

        It goes by way of the app: a dialog that is being taken away at this moment would raise, in midst of the act.
        """
        if isinstance(message, self.Progressed) and not message.is_begun:
            self._verified.append(message.line)
        if self._host is not None:
            self._host.call_later(self.post_message, message)

    async def wait(self) -> None:
        """Wait until the act that is under way is over, if there is one; what came of it is not handled by then."""
        if self._carried is not None:
            await asyncio.wait((self._carried,))

    def end(self) -> None:
        """Note that nothing is under way any more."""
        self.is_under_way = self._is_told = False
        if self._ticking is not None:
            self._ticking.stop()
            self._ticking = None
        self.arm()

    def broke(self, error: BaseException | None) -> None:
        """Say that something failed in a way in which nothing of portdash's does."""
        self.say(broken_words(error), error=True)

    def action_leave(self) -> None:
        """Close without doing anything; of what is under way it stops the waiting alone."""
        if not self._is_told:
            self._is_left = self.is_under_way
            super().action_leave()

    def _carry_out(self, act: Callable[[], Told]) -> None:
        try:
            told = act()
        except PortdashError as error:
            told = _failure(self.Failed(error.message, error.hint, error))
        except Exception as error:  # noqa: BLE001  whoever has left the dialog has to hear of it, too
            _log.exception("an act failed")
            told = _failure(_broken(error, self._verified))
        if self._host is not None:
            self._host.call_later(self._deliver, told)

    def _deliver(self, told: Told) -> None:
        """Tell the dialog, or, where nobody waits in it any more, whoever sits before the screen."""
        if not self._is_left:
            self._is_told = True
            self.post_message(told.message)
        elif self._host is not None:
            self._host.notify(clean(told.text), severity="error" if told.is_error else "information", markup=False)

    def _tell_progress(self) -> None:
        seconds = int(self.guard.patience.clock() - self._began)
        waited = f" {seconds}s" if seconds else ""
        done = "".join(f"✓ {line}; " for line in self._behind[-2:])
        self.say(f"{done}{self._line}{waited}   (esc stops waiting, not the act)", busy=True)

    @on(Progressed)
    def _progressed(self, message: Progressed) -> None:
        if self.is_under_way:
            if message.is_begun:
                self._line = message.line
            else:
                self._behind.append(message.line)
                self._line = "verifying …"
            self._tell_progress()

    @on(Failed)
    def _say_failure(self, message: Failed) -> None:
        self.end()
        self.say(_sentences(message), error=True)

    @on(Worker.StateChanged)
    def _worker_broke(self, event: Worker.StateChanged) -> None:
        """Say it when a worker that was finding something out broke."""
        if event.state is WorkerState.ERROR:
            event.stop()
            self.broke(event.worker.error)


def broken_words(error: BaseException | None) -> str:
    """Return what is said of what failed in a way in which nothing of portdash's does."""
    return _sentences(_broken(error))


def _broken(error: BaseException | None, done: Sequence[str] = ()) -> LongAct.Failed:
    before = f"; done before that: {'; '.join(done)}" if done else ""
    return LongAct.Failed(f"portdash broke: {type(error).__name__}: {error}{before}", "please report it")


def _failure(failed: LongAct.Failed) -> Told:
    return Told(failed, _sentences(failed), is_error=True)


def _sentences(failed: LongAct.Failed) -> str:
    return ". ".join(filter(None, (failed.message, failed.hint)))
