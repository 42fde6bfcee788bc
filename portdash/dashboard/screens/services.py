"""Starting, stopping or restarting several services: all of a workspace, or the marked ones. A verdict a row.

To start them is one act, as `portdash up -d` does it: with what they depend on, which is named before. Each of the
others is a request of its own.
"""

import logging
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from textual import on
from textual.message import Message

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.consent import ConsentRow
from portdash.dashboard.screens.long_act import Told, broken_words
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.rows_act import Over, RowsAct
from portdash.dashboard.screens.service import Deed, DeedScreen, confirming_key
from portdash.dashboard.screens.shell import command
from portdash.dashboard.screens.start_words import as_well, begun, outcome, question, verdict
from portdash.errors import PortdashError
from portdash.model.assignment import ServiceKey
from portdash.model.requests import RequestKind
from portdash.model.snapshot import Snapshot
from portdash.record import record
from portdash.report.starting import held_note, own_listeners, service_label, spoken_name
from portdash.supervisor.cancelling import Cancel
from portdash.supervisor.progress import Progress
from portdash.text import and_list, clean

_log = logging.getLogger(__name__)

_DONE = {Deed.STOP: "stopped", Deed.RESTART: "restarted"}


@record
class Row:
    """One service, and what can be done about it, or was."""

    key: ServiceKey
    name: str
    deeds: tuple[Deed, ...]
    verdict: str


class ServicesScreen(DeedScreen, RowsAct[Row]):
    """Starts several services, or asks who supervises them to stop or restart them."""

    class Heard(Message):
        """How far one has come."""

        def __init__(self, progress: Progress) -> None:
            super().__init__()
            self.progress = progress

    def __init__(
        self,
        desk: Desk,
        snapshot: Snapshot,
        keys: Sequence[ServiceKey],
        *,
        title: str,
        patience: Patience | None = None,
    ) -> None:
        self.desk = desk
        self.snapshot = snapshot
        super().__init__(title=f"Services of {title}", rows=[self._row(key) for key in keys], patience=patience)
        self.chosen: Deed | None = None
        self.trouble: PortdashError | None = None
        """Why none of them can be started."""
        self._along = self._coming_along()
        self._beside = {name: as_well(needs) for name, needs in self._along.items()}
        """What stands beside the name of each that comes along."""
        self._cancel = Cancel()

    @property
    def is_starting(self) -> bool:
        """Whether they are being started just now."""
        return self.is_under_way and self.chosen is Deed.START

    def meant(self, deed: Deed) -> list[Row]:
        """Return the rows that a deed can be done to."""
        return [row for row in self.rows if deed in row.deeds]

    def arm(self) -> None:
        """Show the deeds to choose from, then the one that was chosen: together they have no room."""
        asks = self.chosen is None and not (self.is_under_way or self.is_done)
        for deed in Deed:
            self.query_one(f"#{deed}", Act).display = asks and bool(self.meant(deed))
        stop = self.query_one("#stop", Act)
        stop.name_it("Call off" if self.is_starting else "Stop")
        stop.display = stop.display or self.is_starting
        stop.disabled = self.is_starting and self._cancel.is_asked
        agreed = self.chosen is Deed.START or self.query_one(ConsentRow).is_given
        yes = self.query_one("#yes", Act)
        yes.disabled = self.chosen is None or self.is_under_way or not agreed
        yes.display = self.chosen is not None and not self.is_done

    def action_choose(self, word: str) -> None:
        """Choose what is done. To start takes `enter`; what ends several takes their number."""
        deed = Deed(word)
        if self.is_starting and deed is Deed.STOP:
            self._call_off()
        if self.is_under_way or self.is_done:
            return
        count = len(self.meant(deed))
        if not count or (deed is Deed.START and self.trouble):
            self.say(f"{deed}: {self.trouble.message if count and self.trouble else 'none of them can be'}", error=True)
            return
        self.chosen = deed
        yes = self.query_one("#yes", Act)
        if deed is Deed.START:
            self.query_one(ConsentRow).forget()
            yes.name_it(f"Yes, start {count + len(self._along)}", key=confirming_key(deed))
            self.say(question(count, self._along))
        else:
            self.query_one(ConsentRow).ask_for(f"To {deed} {count}, type how many, {count}:", str(count))
            yes.name_it(f"Yes, {deed} {count}", key="enter")
            self.say("")
        self.draw()
        if deed is Deed.START:
            yes.focus()

    def confirm(self) -> None:
        """Do what was chosen."""
        deed = self.chosen
        if self.is_under_way:
            return
        if self.is_done:
            self.action_leave()
        elif deed is None:
            self.say("choose first: u starts, x stops, r starts again", error=True)
        elif deed is not Deed.START and not self.query_one(ConsentRow).is_given:
            self.say(f"type {len(self.meant(deed))} to agree", error=True)
        else:
            self.query_one(ConsentRow).forget()
            self._cancel = Cancel()
            self.begin(f"{deed} …", self._started_all if deed is Deed.START else lambda: self._asked_all(deed))

    def action_leave(self) -> None:
        """Close; a number that is asked for is forgotten first."""
        if self.query_one(ConsentRow).is_asked and not self.is_under_way:
            self.query_one(ConsentRow).forget()
            self.chosen = None
            self.draw()
        else:
            super().action_leave()

    def _row(self, key: ServiceKey) -> Row:
        """Say what can be done about a service."""
        view = self.snapshot.service(key)
        name = clean(view.name if view else key.service)
        if key.workspace != self.snapshot.workspace:
            return Row(key, name, (), "left alone: it is of another workspace")
        lease = self.snapshot.leases.get(key)
        if lease is not None and lease.supervised:
            server = next(iter(own_listeners(view)), None)
            where = f"{server.label} on {server.port}" if server else "no server yet"
            return Row(key, name, (Deed.STOP, Deed.RESTART), f"runs: {clean(where)}")
        try:
            startable = self.desk.startable(self.snapshot, key)
        except PortdashError as error:
            return Row(key, name, (), f"left alone: {clean(error.message)}")
        held = held_note(self.snapshot, key)
        note = f"; {held}" if held else ""
        return Row(key, name, (Deed.START,), f"does not run: {clean(shlex.join(startable.command))}{note}")

    def _coming_along(self) -> dict[str, tuple[str, ...]]:
        """Return what is started with them, and of each what needs it."""
        keys = [row.key for row in self.meant(Deed.START)]
        try:
            return self.desk.coming_along(self.snapshot, keys) if keys else {}
        except PortdashError as error:
            self.trouble = error
            return {}

    def _started_all(self) -> Told:
        """Start them; how far each has come is told on its row at once."""
        course: dict[str, Progress] = {}

        def tell(progress: Progress) -> None:
            course[progress.name] = progress
            self.tell(self.Heard(progress))
            if not self._cancel.is_asked:  # else it is said that they are being ended
                self.tell(self.Progressed(begun(course.values())))

        broken: list[str] = []
        keys = [row.key for row in self.meant(Deed.START)]
        try:
            is_ok = self.desk.start_all(keys, tell=tell, cancel=self._cancel)
        except Exception as error:
            if not course:
                raise  # nothing was begun
            _log.exception("a start broke in its midst")
            is_ok, broken = False, [clean(broken_words(error))]
        self.lines.extend((*outcome(course.values()), *broken))
        return Told(Over(), "; ".join(self.lines), is_error=not is_ok)

    def _call_off(self) -> None:
        if not self._cancel.is_asked:
            self.post_message(self.Progressed("ending what was started …"))
            self._cancel.ask()
            self.arm()

    def _asked_all(self, deed: Deed) -> Told:
        """Ask for it one after the other; what became of it is told on its row at once."""
        meant = [number for number, row in enumerate(self.rows) if deed in row.deeds]
        fared = list(self.in_turn(meant, partial(self._asked, deed)))
        went = [each.row.name for each in fared if each.went_well]
        failed = [f"{each.row.name}: {each.text}" for each in fared if not each.went_well]
        self.lines.extend([*([f"{_DONE[deed]} {and_list(went)}"] if went else []), *failed])
        return Told(Over(), "; ".join(self.lines), is_error=bool(failed))

    def _asked(self, deed: Deed, row: Row) -> tuple[bool, str]:
        self.tell(self.Progressed(f"{deed} {row.name} …"))
        try:
            return self.desk.ask_supervisor(row.key, RequestKind(deed))
        except PortdashError as error:
            return False, error.message

    def judged(self, row: Row, verdict: str) -> Row:
        """Return a row to which nothing more can be done."""
        return replace(row, deeds=(), verdict=verdict)

    @on(Heard)
    def _heard(self, message: Heard) -> None:
        progress = message.progress
        name = progress.name.casefold()
        for number, row in enumerate(self.rows):
            if row.key.service == name and row.key.workspace == self.snapshot.workspace:
                self.rows[number] = replace(row, verdict=verdict(progress))
                break
        else:
            self._beside[progress.name] = verdict(progress)
        self.draw()

    def cells(self) -> Iterator[tuple[str, str]]:
        """Yield the verdict on each service, on what comes along where they are started, and the same in a shell."""
        yield from ((row.name, row.verdict) for row in self.rows)
        if self.chosen in (None, Deed.START):
            yield from ((clean(name), text) for name, text in self._beside.items())
        if self.is_done:
            return
        words = {Deed.START: ("up", "-d"), Deed.STOP: ("stop",), Deed.RESTART: ("restart",)}
        for deed in Deed:
            names = [spoken_name(self.snapshot, row.key) for row in self.meant(deed)]
            if names:
                yield "Shell", command(*words[deed], *names)


def title_for(snapshot: Snapshot, keys: Sequence[ServiceKey], *, marked: bool) -> str:
    """Return what the services are called together: the workspace, or how many are marked."""
    if marked:
        return f"{len(keys)} marked rows"
    return service_label(snapshot, keys[0]).rpartition("/")[0]
