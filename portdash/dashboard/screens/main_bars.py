"""The lines around the list of the main screen, and its details: they say what the list shows and what can be done."""

from __future__ import annotations

from asyncio import TimerHandle, get_running_loop
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content

from portdash.dashboard.commands import BY_ID, footer_commands
from portdash.dashboard.context import Context
from portdash.dashboard.desk import Desk
from portdash.dashboard.keymap import Keymap
from portdash.dashboard.messages import CursorMoved, LookFailed, SnapshotTaken
from portdash.dashboard.options import Options
from portdash.dashboard.rows.layout import cut_line
from portdash.dashboard.rows.row import Group, Line, Other, RangeLine, RowKey, Span
from portdash.dashboard.rows.summary import Standing, freshness, header_line, trouble_line, troubles
from portdash.dashboard.rows.view import View, order_text
from portdash.dashboard.rows.words import state_of
from portdash.dashboard.screens.arrangement import Where
from portdash.dashboard.screens.main_toasts import Toasting
from portdash.dashboard.widgets.key_bar import Entry
from portdash.dashboard.widgets.line_bar import LineBar
from portdash.model.assignment import ServiceKey
from portdash.model.snapshot import ServiceView
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.dashboard.offers import Resolutions
    from portdash.dashboard.rows.facts import Facts
    from portdash.dashboard.rows.health_lines import Probed

ALWAYS = ("help", "quit")
TICK = 1.0
"""Seconds after which the age in the header is told again, while there is no look."""
LATE = 1.5
"""Seconds after a look at which this begins: looks that come each second wake nobody in between."""
LULL = 0.1
"""Seconds after the first look at which the first table is drawn, and what it did without can be added."""
MOST_WAYS = 20
"""Conflicts whose ways out are planned for the view of conflicts; further ones only say which key plans theirs."""
_NOTHING_SAID: tuple[Mapping[RowKey, ServiceView | Other] | None, tuple[Standing, int] | None] = (None, None)


class Bars(Toasting):
    """Header, trouble line, frame, details and footer."""

    def __init__(self, desk: Desk, options: Options, keymap: Keymap) -> None:
        super().__init__(desk, options, keymap)
        self.is_locked = False
        """Whether Lock took all away that changes something."""
        self.has_bell = options.bell
        self.problem = options.problem
        self.probed: dict[RowKey, Probed] = {}
        """What listeners answered that were asked, while they are there."""
        self._clock: TimerHandle | None = None
        self._headed = _NOTHING_SAID
        """The subjects that the header was made from, and what else."""
        self._told_failure = ""
        """The toast about the last look, where it failed."""

    @cached_property
    def _resolutions(self) -> Resolutions:
        from portdash.dashboard.offers import Resolutions  # noqa: PLC0415  not for the first frame

        return Resolutions(self.desk)

    def on_mount(self) -> None:
        """Say at once that something is going on, and keep the age in the header true."""
        self.show_frame()
        self.show_bars()
        self._wind_clock(LATE)

    def on_unmount(self) -> None:
        """Tell no ages any more."""
        if self._clock is not None:
            self._clock.cancel()

    def _clock_ticked(self) -> None:
        self.show_header()
        self._wind_clock(TICK)

    def _wind_clock(self, seconds: float) -> None:
        """Have the age in the header told after so many seconds. Each look tells it, and winds the clock anew."""
        if self._clock is not None:
            self._clock.cancel()
        self._clock = get_running_loop().call_later(seconds, self._clock_ticked)

    @property
    def context(self) -> Context:
        """What commands are asked about."""
        row = self.table.row if self.facts else None
        view = row.subject if row and isinstance(row.subject, ServiceView) else None
        listing = self.table.listing
        is_read_only = self.options.read_only or self.desk.is_read_only
        outlook = self.outlook
        marked = tuple(outlook.marked_subjects(self.facts))
        return Context(
            keys=self.keymap.names,
            facts=self.facts,
            row=row,
            is_read_only=is_read_only or self.is_locked,
            is_locked_for_good=is_read_only,
            trouble=len(troubles(self.facts)) if self.facts else 0,
            stale=self.stale,
            is_in_details=self.is_in_details,
            can_go_back=bool(self._is_anything_open or outlook.marked),
            has_details=self.arrangement.details is not Where.OVER,
            resolution=self._resolutions.text_for(self.facts, view) if view else "",
            view=outlook.view,
            marked=() if outlook.is_suggested else marked,
            suggested=marked if outlook.is_suggested else (),
            hidden_marks=outlook.hidden_marks(listing),
            hidden_views=outlook.hidden_views(row.subject, listing) if row and isinstance(row.subject, Group) else 0,
        )

    @property
    def _is_anything_open(self) -> bool:
        """Whether there is anything to go back from but marks."""
        return self.is_in_details or self.has_filter or self.outlook.trouble_only or self.has_error

    @on(SnapshotTaken)
    def _snapshot_taken(self, message: SnapshotTaken) -> None:
        self.world_told(message.facts)
        self._wind_clock(LATE)
        before, was_stale = self.facts, self.stale is not None
        self.looked_at = self.options.monotonic()
        if self._told_failure:
            self.take_back(self._told_failure)
        self.stale, self._told_failure = None, ""
        self.facts = message.facts
        is_first_run = not self.facts.groups and self.facts.snapshot.stale_since is None
        if before is None and is_first_run and not self.context.is_read_only:
            self.outlook.suggest(self.facts)
        if before is None:
            self.set_timer(LULL, self.add_filter_line)
        if before is None or self.outlook.folded is None:
            self.fold_to_fit()
        if self.facts.is_same_world(before) and not was_stale:
            self._show_ages()
        else:
            self.show_list()
        if self.wanted is not None and self.wanted in self.facts.subjects:
            self.go_to(self.wanted)
            self.wanted = None
        self.world_seen(before, self.facts)

    def world_told(self, facts: Facts) -> None:
        """Pass on what was seen before any of it is shown here."""

    def world_seen(self, before: Facts | None, after: Facts) -> None:
        """Tell of what is news in what was seen."""

    @on(LookFailed)
    def _look_failed(self, message: LookFailed) -> None:
        is_news = self.stale != message.text
        self.stale = message.text
        if self.facts is None:
            self.table.say(f"{message.text}, retrying")
        self.show_bars()
        if is_news:
            if self._told_failure:
                self.take_back(self._told_failure)
            self._told_failure = f"{message.text}{f' ({message.hint})' if message.hint else ''}"
            self.toast(self._told_failure, error=True)

    @on(CursorMoved)
    def _cursor_moved(self) -> None:
        self.show_bars()
        self.spare_the_row()

    def on_descendant_focus(self) -> None:
        """Another pane has the keys: the footer says what they do there."""
        self.show_bars()

    def ways_out(self) -> dict[ServiceKey, tuple[str, ...]]:
        """Return what resolving would do, for the first rows of the view of conflicts."""
        if self.outlook.view is not View.CONFLICTS or self.facts is None:
            return {}
        views = [self.facts.subjects[key] for key in troubles(self.facts)[:MOST_WAYS]]
        texts = {
            view.key: self._resolutions.words_for(self.facts, view) for view in views if isinstance(view, ServiceView)
        }
        return {key: text for key, text in texts.items() if text}

    def _show_ages(self) -> None:
        """Draw what time alone has changed; the footer knows no ages."""
        if self.facts is not None:
            self.show_header()
            self.table.grow_older(self.facts)
            self._show_trouble()
            self._age_details()

    def _age_details(self) -> None:
        """Draw the same details at a later time."""
        self._show_details(self.context)

    def show_frame(self) -> None:
        """Say on the frame which views there are, and how this one is sorted."""
        subjects = [self.facts.subjects[key] for key in troubles(self.facts)] if self.facts else []
        signs = [state_of(each).glyph for each in subjects if isinstance(each, ServiceView)]
        titles = [self.keymap.names.hint(view.command, view.title) or view.title for view in View]
        if signs:  # the worst come first, and are counted as in the header
            titles[View.CONFLICTS - 1] += f" {signs[0]}{signs.count(signs[0])}"
        draw = self.options.glyphs.draw
        parts: list[Content | tuple[str, str]] = []
        # The toolkit's own dim is too dim; the accent made dim is nearly black in the terminal's colours.
        other = "not bold dim $foreground" if self.app.native_ansi_color else "not bold $text-muted"
        for view, title in zip(View, titles, strict=True):
            parts += [Content(draw(" ── ") if parts else "")]
            style = "bold" if view is self.outlook.view else other
            parts += [(draw(title), f"{style} @click=screen.{view.command}")]
        order = f"sort: {order_text(self.outlook.view, self.outlook.sort)}"
        marks = f"{len(self.outlook.marked)} marked ─ " if self.outlook.marked else ""
        self.set_title("#list", Content.assemble(*parts), f"{marks}{order}")

    def show_bars(self) -> None:
        """Draw the header, the trouble line, the footer and the details."""
        self.show_header()
        context = self.context
        self._show_trouble()
        self._show_footer(context)
        self._show_details(context)
        self._show_problem()

    def _show_problem(self) -> None:
        """Say what is wrong with the filter."""
        if self.filter_line is not None:
            self.filter_line.say(clean(self.outlook.problem))

    def _show_trouble(self) -> None:
        self.query_one("#trouble", LineBar).show(self._trouble())

    def _trouble(self) -> Line:
        row = self.table.row if self.facts else None
        below = self._bucket_text()
        self.table.say_below(below)
        if below and not self.table.has_room_below:
            return cut_line((Span(f" {below}"),), self.size.width)
        return trouble_line(self.facts, row.subject_key if row else None, self.size.width, stale=self.stale)

    def _bucket_text(self) -> str:
        """Say what is on the ports under the cursor of a strip, where no details beside the list do."""
        row = self.table.row if self.facts else None
        is_alone = self.arrangement.details is Where.OVER or self.query_one("#body").has_class("-zoom-list")
        if row is None or not isinstance(row.subject, RangeLine) or not is_alone:
            return ""
        from portdash.dashboard.rows.ranges import bucket_text, strip_width  # noqa: PLC0415  a view of its own

        return bucket_text(row.subject, strip_width(self.table.columns), self.table.bucket)

    def _show_details(self, context: Context) -> None:
        """Draw the details of the row: see `main_details`."""

    def _show_footer(self, context: Context) -> None:
        if self.is_filtering:
            names = self.keymap.names
            clear = [Entry("back", key, "Clear")] if (key := names.first("back")) else []
            leave = [Entry("leave", names.way("leave"), "Quit")]
            self.footer.show([Entry("keep_filter", "enter", "Keep"), *clear], leave)
            return
        told = set(ALWAYS)
        if context.opens_resolve:
            told.add("resolve")  # the key that opens the row opens that
        if context.suggested and not self._is_anything_open:
            told.add("back")  # it takes away what nobody has asked for, which is not the likeliest thing to be wanted
        usable = [command.id for command in footer_commands(context) if command.id not in told]
        self.footer.show(self._entries(usable, context), self._entries(ALWAYS, context))

    def show_header(self) -> None:
        """Draw the header; below 18 lines what is in trouble stands there instead of the counts."""
        age_text, is_wrong = freshness(
            self.options.monotonic(),
            self.keymap.names,
            looked_at=self.looked_at,
            paused_at=self.paused_at,
            stale=self.stale,
            interval=self.options.refresh,
        )
        outlook = self.outlook
        standing = Standing(
            age=age_text,
            is_wrong=is_wrong,
            is_paused=self.paused_at is not None,
            view=outlook.view,
            only=outlook.only,
            filter_text=f"{'! ' if outlook.trouble_only else ''}{outlook.filter_text}".rstrip(),
            is_locked=self.options.read_only or self.desk.is_read_only or self.is_locked,
            is_bell_off=self.options.bell and not self.has_bell,
            config_error=self.desk.config_error,
            problem=outlook.problem or self.problem,
            is_framed=self.arrangement.framed,
        )
        facts, width, is_tall = self.facts, self.size.width, self.arrangement.has_trouble_line
        if is_tall and facts is not None and facts.snapshot.stale_since is None:
            subjects, said = self._headed
            self._headed = facts.subjects, (standing, width)
            if subjects is facts.subjects and said == (standing, width):
                return  # only time has passed, and it would say the same
        else:
            self._headed = _NOTHING_SAID
        line = header_line(facts, standing, width)
        if not is_tall and facts and not is_wrong:
            line = self._joined(facts, standing) or line
        self.query_one("#header", LineBar).show(line)

    def _joined(self, facts: Facts, standing: Standing) -> Line:
        """Return the header of a screen that has no line for trouble alone; nothing while there is none."""
        from portdash.dashboard.rows.joined import joined_line  # noqa: PLC0415  not for the first frame

        row, below = self.table.row, self._bucket_text()
        self.table.say_below(below)
        current, instead = row.subject_key if row else None, "" if self.table.has_room_below else below
        return joined_line(facts, standing, current, self.size.width, instead=instead, stale=self.stale)

    def _entries(self, names: Iterable[str], context: Context) -> list[Entry]:
        keys = ((name, self.keymap.printed(name)) for name in names)
        return [Entry(name, printed[0], _label(name, context), _worth(name)) for name, printed in keys if printed]


def _worth(name: str) -> int:
    """Return which keys the footer keeps where it has no room for all."""
    command = BY_ID[name]
    return (command.rank or 0) if command.worth is None else command.worth


def _label(name: str, context: Context) -> str:
    """Return what the footer calls a command; one that is about the marked rows says how many they are."""
    counts = {
        "free": len(context.slots),
        "release": len(context.services),
        "adopt": len(context.listeners),
        "service": len(context.running),
    }
    label = BY_ID[name].label
    if name == "details" and context.view is View.RANGES:
        return "Show rows"
    if name == "details" and context.opens_resolve:
        return BY_ID["resolve"].label
    is_marked = context.marked or (context.suggested and name == "adopt")
    return f"{label} {counts[name]} marked" if is_marked and name in counts else label
