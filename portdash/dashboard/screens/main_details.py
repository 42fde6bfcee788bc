"""The details beside the list: which leaf is shown, and what is asked for to fill it. It changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.timer import Timer

from portdash.dashboard.context import Context
from portdash.dashboard.desk import Desk
from portdash.dashboard.keymap import Keymap
from portdash.dashboard.messages import LogRead, PastRead
from portdash.dashboard.options import Options
from portdash.dashboard.rows.asked import Asked, Log, Past, Tab
from portdash.dashboard.rows.row import EventLine, Line, RangeLine, RowKey, service_row_key
from portdash.dashboard.screens.arrangement import Where
from portdash.dashboard.screens.main_bars import Bars
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.dashboard.log_tail import LogFollower
    from portdash.dashboard.rows.facts import Facts

REST = 0.15
"""Seconds that the cursor has to rest on a service before its past is read."""


class Detailing(Bars):
    """Shows the details of the row under the cursor, and asks for what the snapshot does not have."""

    def __init__(self, desk: Desk, options: Options, keymap: Keymap) -> None:
        super().__init__(desk, options, keymap)
        self.tab = Tab.WHY
        self._past: tuple[RowKey, int, Past | None] | None = None
        """Of which service, at which revision; None where the answer is awaited."""
        self._log: tuple[RowKey, Log | None] | None = None
        self._follower: LogFollower | None = None
        self._resting: Timer | None = None
        self._written: Callable[[Facts, int], tuple[Line, ...]] | None = None
        """What made the details that are shown, of a service or a listener, at whatever time."""

    def _age_details(self) -> None:
        if self._written is None or self.facts is None or not self.pane.display:
            super()._age_details()
        else:
            self.pane.write(partial(self._written, self.facts))

    def _show_details(self, context: Context) -> None:
        self._written = None
        if self.facts is None or not self.pane.display:
            self._follow(None)
            return
        row, view = context.row, context.service
        if row is not None and isinstance(row.subject, RangeLine | EventLine):
            self._follow(None)
            self._show_range_or_event(row.subject, self.facts)
            return
        from portdash.dashboard.offers import offers_for  # noqa: PLC0415  not for the first frame
        from portdash.dashboard.rows.details import details, tabs_of, title_of  # noqa: PLC0415  as above

        tabs = tabs_of(row)
        tab = self.tab if self.tab in tabs else Tab.WHY
        self._ask(view, context.facts.snapshot if context.facts else None)
        self._follow(view if tab is Tab.LOG else None)
        offers = offers_for(context, self.keymap.printed) if tab is Tab.WHY else ()
        asked = self._asked(row.subject_key if row else None, view)

        def written(facts: Facts, width: int) -> tuple[Line, ...]:
            return details(row, facts, offers, width, tab=tab, asked=asked)

        self._written = written
        hint = self._hint(context, has_tabs=len(tabs) > 1)
        write = partial(written, self.facts)
        self.pane.show(title_of(row, self.facts), write, tabs=tabs, tab=tab, hint=hint, follows=tab is Tab.LOG)

    def _show_range_or_event(self, line: RangeLine | EventLine, facts: Facts) -> None:
        if isinstance(line, RangeLine):
            from portdash.dashboard.rows.ranges import range_details, strip_width  # noqa: PLC0415  a view of its own

            at, cells = self.table.bucket, strip_width(self.table.columns)
            self.pane.show(clean(line.use.name), lambda width: tuple(range_details(line, facts, width, cells, at)))
        else:
            from portdash.dashboard.rows.events import event_details  # noqa: PLC0415  as above

            self.pane.show("What changed", lambda width: tuple(event_details(line, facts, width)))

    def _hint(self, context: Context, *, has_tabs: bool) -> str:
        """Return which keys turn the leaves and change the room of the pane."""
        turning = [*self.keymap.printed("previous_tab")[:1], *self.keymap.printed("next_tab")[:1]] if has_tabs else []
        name, does = ("zoom", "zoom") if context.has_details else ("back", "back")
        said = [f"{' '.join(turning)} tabs"] if turning else []
        said += [f"{key} {does}" for key in self.keymap.printed(name)[:1]]
        return "  ".join(said)

    def _asked(self, key: RowKey | None, view: ServiceView | None) -> Asked:
        """Return what has come so far for a row."""
        return Asked(
            probed=self.probed.get(key) if key else None,
            log=self._log[1] if self._log and self._log[0] == key else None,
            past=self._past[2] if self._past and self._past[0] == key else None,
            settings=self.desk.settings_of(view) if view and self.tab is Tab.CONFIG else (),
        )

    # The past: read when the cursor rests on a service, and again when the store has changed.

    def _ask(self, view: ServiceView | None, snapshot: Snapshot | None) -> None:
        if view is None or snapshot is None:
            return
        key = service_row_key(view)
        if self._past and self._past[:2] == (key, snapshot.revision):
            return
        kept = self._past[2] if self._past and self._past[0] == key else None
        self._past = (key, snapshot.revision, kept)
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(REST, partial(self._read_past, key, snapshot, view))

    @work(thread=True, group="past", description="read the past of a service", exit_on_error=False)
    def _read_past(self, key: RowKey, snapshot: Snapshot, view: ServiceView) -> None:
        self.post_message(PastRead(key, snapshot.revision, self.desk.past_of(snapshot, view)))

    @on(PastRead)
    def _past_read(self, message: PastRead) -> None:
        if self._past and self._past[:2] == (message.key, message.revision):
            self._past = (message.key, message.revision, message.past)
            self._show_details(self.context)

    # The log: followed while it is shown.

    def _follow(self, view: ServiceView | None) -> None:
        """Follow the log of this service, and no other."""
        key = service_row_key(view) if view else None
        if (self._log[0] if self._log else None) == key:
            return
        self.stop_following()
        if view is not None and key is not None:
            from portdash.dashboard.log_tail import LogFollower  # noqa: PLC0415  not before a log is wanted

            self._log = (key, None)
            self._follower = LogFollower(self.desk.log_of(view.key), self._teller(key))
            self._follower.start()

    def _teller(self, key: RowKey) -> Callable[[Log], object]:
        return lambda log: self.post_message(LogRead(key, log))

    def stop_following(self) -> None:
        """Read no log any more."""
        self._log = None
        if self._follower is not None:
            self._follower.stop()
            self._follower = None

    @on(LogRead)
    def _log_read(self, message: LogRead) -> None:
        if self._log and self._log[0] == message.key:
            self._log = (message.key, message.log)
            self._show_details(self.context)

    # What the keys do.

    def action_next_tab(self) -> None:
        """The next leaf."""
        self._turn(1)

    def action_previous_tab(self) -> None:
        """The leaf before."""
        self._turn(-1)

    def action_turn_to(self, leaf: str) -> None:
        """The leaf of that name: it was clicked."""
        self._turn_to(Tab(leaf))

    def _turn(self, by: int) -> None:
        from portdash.dashboard.rows.details import tabs_of  # noqa: PLC0415  as above

        tabs = tabs_of(self.context.row)
        at = tabs.index(self.tab) if self.tab in tabs else 0
        self._turn_to(tabs[(at + by) % len(tabs)])

    def _turn_to(self, tab: Tab) -> None:
        self.tab = tab
        if self.arrangement.details is Where.OVER:
            self.query_one("#body").add_class("-open")
            self.pane.focus()
        self.show_bars()

    def action_log(self) -> None:
        """The log of this service, followed."""
        self._turn_to(Tab.LOG)
        self.pane.focus()
