"""Starting, stopping or restarting several services: all of a workspace, or the marked ones. A verdict a row.

Each is a request of its own, so that one fails alone; what depends on one that did not start is not started.
"""

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from textual import on
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from portdash.dashboard.desk import Desk
from portdash.dashboard.restarts import own_listeners, service_label, spoken_name
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.consent import ConsentRow
from portdash.dashboard.screens.facts import table
from portdash.dashboard.screens.long_act import Told
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.service import Deed, DeedScreen
from portdash.dashboard.screens.shell import command
from portdash.errors import PortdashError
from portdash.manager.apply import Outcome
from portdash.model.assignment import ServiceKey
from portdash.model.requests import RequestKind
from portdash.model.snapshot import Snapshot
from portdash.record import record
from portdash.text import and_list, clean

_RUNS = "runs already; left alone"
_DONE = {Deed.START: "started", Deed.STOP: "stopped", Deed.RESTART: "restarted"}


@record
class Row:
    """One service, and what can be done about it, or was."""

    key: ServiceKey
    name: str
    deeds: tuple[Deed, ...]
    verdict: str


class ServicesScreen(DeedScreen):
    """Starts several services, or asks who supervises them to stop or restart them; whom is captured when it opens."""

    @dataclass
    class Judged(Message):
        """What became of one row."""

        number: int
        row: Row

    class Over(Message):
        """Every row that was meant has its verdict."""

    def __init__(
        self,
        desk: Desk,
        snapshot: Snapshot,
        keys: Sequence[ServiceKey],
        *,
        title: str,
        patience: Patience | None = None,
    ) -> None:
        super().__init__(title=f"Services of {title}", patience=patience)
        self.desk = desk
        self.snapshot = snapshot
        self.rows = [self._judged(key) for key in keys]
        self.chosen: Deed | None = None
        self.is_done = False
        self._told: list[str] = []

    def compose_body(self) -> Iterable[Widget]:
        """Yield a row a service."""
        yield Static(id="rows", markup=False)

    def compose_question(self) -> Iterable[Widget]:
        """Yield the row in which a number has to be typed."""
        yield ConsentRow()

    def on_mount(self) -> None:
        """Say what can be done about each."""
        self._draw()

    def meant(self, deed: Deed) -> list[Row]:
        """Return the rows that a deed can be done to."""
        return [row for row in self.rows if deed in row.deeds]

    def arm(self) -> None:
        """Show the deeds to choose from, then the one that was chosen: together they have no room."""
        asks = self.chosen is None and not (self.is_under_way or self.is_done)
        for deed in Deed:
            self.query_one(f"#{deed}", Act).display = asks and bool(self.meant(deed))
        agreed = self.chosen is Deed.START or self.query_one(ConsentRow).is_given
        yes = self.query_one("#yes", Act)
        yes.disabled = self.chosen is None or self.is_under_way or not agreed
        yes.display = self.chosen is not None and not self.is_done

    def action_choose(self, word: str) -> None:
        """Choose what is done. To start takes `y` or `enter`; what ends several takes their number."""
        deed = Deed(word)
        if self.is_under_way or self.is_done:
            return
        count = len(self.meant(deed))
        if not count:
            self.say(f"{deed}: none of them can be", error=True)
            return
        self.chosen = deed
        yes = self.query_one("#yes", Act)
        if deed is Deed.START:
            self.query_one(ConsentRow).forget()
            yes.name_it(f"Yes, start {count}")
            self.say(f"start {count}, one after the other? y does it")
        else:
            self.query_one(ConsentRow).ask_for(f"To {deed} {count}, type how many, {count}:", str(count))
            yes.name_it(f"Yes, {deed} {count}", key="enter")
            self.say("")
        self.arm()
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
            self.begin(f"{deed} …", lambda: self._done_all(deed))

    def action_leave(self) -> None:
        """Close; what was done is told to whoever opened this."""
        if self.is_done:
            self.dismiss(Outcome(operation=None, lines=tuple(self._told)))
        elif self.query_one(ConsentRow).is_asked and not self.is_under_way:
            self.query_one(ConsentRow).forget()
            self.chosen = None
            self.arm()
        else:
            super().action_leave()

    def _judged(self, key: ServiceKey) -> Row:
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
        return Row(key, name, (Deed.START,), f"does not run: {clean(shlex.join(startable.command))}")

    def _done_all(self, deed: Deed) -> Told:
        """Do it to one after the other; what became of it is told on its row at once."""
        failed: set[ServiceKey] = set()
        went: list[str] = []
        for key, needs in self._order(deed):
            number, row = next((n, row) for n, row in enumerate(self.rows) if row.key == key)
            self.tell(self.Progressed(f"{deed} {row.name} …"))
            if missing := [each.service for each in needs if each in failed]:
                is_ok, text = False, f"not started: {and_list(map(clean, missing))} did not start"
            else:
                is_ok, text = self._answer(partial(self._done, deed, key))
            if not is_ok:
                failed.add(key)
            if is_ok and text != _RUNS:
                went.append(row.name)
            else:
                self._told.append(f"{row.name}: {text}")
            self.tell(self.Judged(number, replace(row, deeds=(), verdict=f"{'✓' if is_ok else '✗'} {text}")))
        self._told[:0] = [f"{_DONE[deed]} {and_list(went)}"] if went else []
        return Told(self.Over(), "; ".join(self._told), is_error=bool(failed))

    def _order(self, deed: Deed) -> tuple[tuple[ServiceKey, frozenset[ServiceKey]], ...]:
        keys = [row.key for row in self.meant(deed)]
        if deed is Deed.START:
            return self.desk.start_order(self.snapshot, keys)
        return tuple((key, frozenset()) for key in keys)

    @staticmethod
    def _answer(act: Callable[[], tuple[bool, str]]) -> tuple[bool, str]:
        try:
            is_ok, text = act()
        except PortdashError as error:
            return False, clean(error.message)
        return is_ok, clean(text)

    def _done(self, deed: Deed, key: ServiceKey) -> tuple[bool, str]:
        if deed is Deed.START:
            from portdash.supervisor.orders import AlreadyRunning  # noqa: PLC0415  to start loads it anyway

            try:
                begun = self.desk.start(key)
            except AlreadyRunning:  # since the dialog was opened; what depends on it can be started
                return True, _RUNS
            printed = [f": {line}" for line in begun.lines if line.strip()][-1:]
            return begun.listens, "".join((begun.detail, *printed))
        return self.desk.ask_supervisor(key, RequestKind(deed))

    @on(Judged)
    def _show(self, message: Judged) -> None:
        self.rows[message.number] = message.row
        self._draw()

    @on(Over)
    def _over(self) -> None:
        self.is_done = True
        self.end()
        self.say("")
        self.query_one("#no", Act).name_it("Close", key="esc")
        self.query_one("#no", Act).focus()
        self._draw()

    @on(ConsentRow.Changed)
    def _typed(self) -> None:
        self.arm()

    @on(ConsentRow.Submitted)
    def _submitted(self) -> None:
        self.action_confirm()

    def _draw(self) -> None:
        self.query_one("#rows", Static).update(table(self._cells()))
        self.arm()

    def _cells(self) -> Iterator[tuple[str, str]]:
        yield from ((row.name, row.verdict) for row in self.rows)
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
