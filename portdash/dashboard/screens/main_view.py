"""What the main screen shows: it holds the facts of the last snapshot and draws them. What keys do is in `main`."""

from collections.abc import Iterable
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.events import Resize
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import Input, Static

from portdash.dashboard.commands import BY_ID, footer_commands
from portdash.dashboard.context import Context
from portdash.dashboard.desk import Desk
from portdash.dashboard.keymap import Keymap
from portdash.dashboard.messages import CursorMoved, LookFailed, SnapshotTaken
from portdash.dashboard.offers import Resolutions
from portdash.dashboard.options import Options
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.filtering import parse_filter
from portdash.dashboard.rows.health_lines import Probed
from portdash.dashboard.rows.listing import ListState, build_listing, folded_to_fit, group_of
from portdash.dashboard.rows.row import Kind, Row, RowKey
from portdash.dashboard.rows.summary import Standing, freshness, header_line, trouble_line, troubles
from portdash.dashboard.screens.arrangement import Arrangement, Where, arrange
from portdash.dashboard.widgets.details_pane import DetailsPane
from portdash.dashboard.widgets.key_bar import Entry, KeyBar
from portdash.dashboard.widgets.line_bar import LineBar
from portdash.dashboard.widgets.service_table import ServiceTable
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.text import clean

ALWAYS = ("help", "quit")
LEAVE = (Entry("leave", "ctrl+c", "Quit"),)
"""What stands at the end of the footer while letters are text."""


class MainView(Screen[None]):
    """Header, trouble line, list, details, filter line and footer."""

    DEFAULT_CSS = """
    MainView {
        layout: vertical;
        background: $background;

        #body { layout: vertical; height: 1fr; }
        #body.-beside { layout: horizontal; }
        #list { height: 1fr; width: 1fr; }
        .-framed { border: solid $border; border-title-color: $accent; border-title-style: bold; }
        .-framed.-ascii { border: ascii $border; }
        .-framed:focus-within, .-framed:focus { border: solid $accent; }
        .-framed.-ascii:focus-within, .-framed.-ascii:focus { border: ascii $accent; }
        #details { display: none; width: 1fr; }
        .-beside > #details, .-below > #details, .-over.-open > #details { display: block; }
        .-over.-open > #list, #body.-zoomed > #list { display: none; }
        .-below > #details { height: auto; }
        #filter-line { display: none; height: 1; background: $surface; padding: 0 1; }
        #filter-line.-open { display: block; }
        #filter-sign { width: 1; color: $accent; }
        #filter { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
        LineBar.-off { display: none; }
    }
    """
    AUTO_FOCUS: ClassVar[str | None] = "ServiceTable"

    table = getters.query_one(ServiceTable)
    pane = getters.query_one(DetailsPane)
    footer = getters.query_one(KeyBar)
    filter_input = getters.query_one("#filter", Input)

    facts: var[Facts | None] = var(None, init=False)
    """The last snapshot, made ready for showing."""
    stale: var[str | None] = var(None, init=False)
    """Why the last look failed; None when it did not."""

    def __init__(self, desk: Desk, options: Options, keymap: Keymap) -> None:
        super().__init__()
        self.desk = desk
        self.options = options
        self.keymap = keymap
        self.arrangement: Arrangement = arrange(80, 24)
        self.folded: frozenset[RowKey] | None = None
        self.has_folded = False
        """Whether the person at the keyboard folded anything: from then on a resize folds nothing."""
        self.filter_text = options.filter
        self.here_only = False
        self.trouble_only = False
        self.paused_at: float | None = None
        self.looked_at: float | None = None
        self.wanted: RowKey | None = None
        """Row that a change was about: the cursor goes there as soon as it is seen."""
        self.probed: dict[RowKey, Probed] = {}
        """What listeners answered that were asked, while they are there."""
        self._resolutions = Resolutions(desk)

    def compose(self) -> ComposeResult:
        """Lay out everything; nothing is known yet."""
        glyphs = self.options.glyphs
        yield LineBar(id="header").with_glyphs(glyphs)
        yield LineBar(id="trouble").with_glyphs(glyphs)
        with Container(id="body"):
            with Vertical(id="list") as box:
                box.border_title = "Services"
                yield ServiceTable(id="table").with_glyphs(glyphs)
            yield DetailsPane(id="details").with_glyphs(glyphs)
        with Horizontal(id="filter-line"):
            yield Static("/", id="filter-sign", markup=False)
            yield Input(self.filter_text, placeholder="words, port:3000, project:shop, !", id="filter", compact=True)
        yield KeyBar(id="footer").with_glyphs(glyphs)

    def on_mount(self) -> None:
        """Say at once that something is going on, and keep the age in the header true."""
        self.show_bars()
        self.set_interval(1.0, self.show_header)

    @property
    def snapshot(self) -> Snapshot | None:
        """What dialogs are given: the snapshot on the screen."""
        return self.facts.snapshot if self.facts else None

    @property
    def context(self) -> Context:
        """What commands are asked about."""
        row = self.table.row if self.facts else None
        view = row.subject if row and isinstance(row.subject, ServiceView) else None
        return Context(
            facts=self.facts,
            row=row,
            is_read_only=self.options.read_only or self.desk.is_read_only,
            trouble=len(troubles(self.facts)) if self.facts else 0,
            stale=self.stale,
            is_in_details=self.is_in_details,
            can_go_back=self.is_in_details or self.has_filter or self.trouble_only,
            has_details=self.arrangement.details is not Where.OVER,
            resolution=self._resolutions.text_for(self.facts, view),
        )

    @property
    def is_in_details(self) -> bool:
        """Whether keys go to the details."""
        body = self.query_one("#body")
        return self.pane.has_focus or body.has_class("-open") or body.has_class("-zoomed")

    @property
    def has_filter(self) -> bool:
        """Whether a filter is set or being typed."""
        return bool(self.filter_text) or self.filter_input.has_focus

    @on(SnapshotTaken)
    def _snapshot_taken(self, message: SnapshotTaken) -> None:
        before, was_stale = self.facts, self.stale is not None
        self.looked_at = self.options.monotonic()
        self.stale = None
        self.facts = message.facts
        if before is None or self.folded is None:
            self._fold_to_fit()
        if self.facts.is_same_world(before) and not was_stale:
            self._show_ages()
        else:
            self.show_list()
        if self.wanted is not None and self.wanted in self.facts.subjects:
            self.go_to(self.wanted)
            self.wanted = None

    @on(LookFailed)
    def _look_failed(self, message: LookFailed) -> None:
        is_news = self.stale != message.text
        self.stale = message.text
        if self.facts is None:
            self.table.say(f"{message.text}, retrying")
        self.show_bars()
        if is_news:
            hint = f" ({message.hint})" if message.hint else ""
            self.toast(f"{message.text}{hint}", error=True)

    @on(CursorMoved)
    def _cursor_moved(self) -> None:
        self.show_bars()

    def on_descendant_focus(self) -> None:
        """Another pane has the keys: the footer says what they do there."""
        self.show_bars()

    def on_resize(self, event: Resize) -> None:
        """Arrange list and details for the new size."""
        self.arrangement = arrange(event.size.width, event.size.height)
        body = self.query_one("#body")
        for where in Where:
            body.set_class(self.arrangement.details is where, f"-{where.value}")
        if self.arrangement.details is not Where.OVER:
            body.remove_class("-open")
        self.query_one("#list").set_class(self.arrangement.framed, "-framed")
        self.pane.set_class(self.arrangement.framed or self.arrangement.details is Where.OVER, "-framed")
        for box in (self.query_one("#list"), self.pane):
            box.set_class(self.options.glyphs.is_ascii, "-ascii")
        self.query_one("#trouble").set_class(not self.arrangement.has_trouble_line, "-off")
        self._size_details()
        self.call_after_refresh(self._resized)

    def _size_details(self) -> None:
        """Give the details their place beside or below the list, or all of it where they were enlarged."""
        where = None if self.query_one("#body").has_class("-zoomed") else self.arrangement.details
        self.pane.styles.width = self.arrangement.size if where is Where.BESIDE else "1fr"
        self.pane.styles.height = self.arrangement.size if where is Where.BELOW else "1fr"

    def _resized(self) -> None:
        if self.facts is not None and not self.has_folded:
            self._fold_to_fit()
        self.show_list()

    def _fold_to_fit(self) -> None:
        if self.facts is not None:
            self.folded = folded_to_fit(self.facts, self.table.page)

    def show_list(self) -> None:
        """Draw the list anew, and with it all that speaks of it."""
        if self.facts is not None:
            wanted = parse_filter(self.filter_text, trouble=self.trouble_only)
            state = ListState(self.folded or frozenset(), wanted, here_only=self.here_only)
            self.table.show(build_listing(self.facts, state), start=self._start())
        self.show_bars()

    def _show_ages(self) -> None:
        """Draw what time alone has changed. The header has its own clock, and the footer knows no ages."""
        if self.facts is not None:
            self.table.grow_older(self.facts)
            self._show_trouble()
            self._show_details(self.context)

    def go_to(self, key: RowKey) -> bool:
        """Put the cursor on a service or listener, unfolding what hides it; say whether it is in the list."""
        if self.table.move_to(key):
            return True
        subject = self.facts.subjects.get(key) if self.facts else None
        if self.facts is None or subject is None:
            return False
        kind = Kind.SERVICE if isinstance(subject, ServiceView) else Kind.LISTENER
        self.folded = (self.folded or frozenset()) - {group_of(Row(kind, key, subject), self.facts)}
        self.show_list()
        return self.table.move_to(key)

    def _start(self) -> RowKey | None:
        """Return where the cursor starts: on our own worst trouble, else on our first service."""
        facts = self.facts
        if facts is None or not facts.groups:
            return None
        ours = [key for key in troubles(facts) if key in {("service", view.key) for view in facts.groups[0].views}]
        first = ("service", facts.groups[0].views[0].key) if facts.groups[0].views else None
        return ours[0] if ours else first

    def show_bars(self) -> None:
        """Draw the header, the trouble line, the footer and the details."""
        self.show_header()
        context = self.context
        self._show_trouble()
        self._show_footer(context)
        self._show_details(context)

    def _show_trouble(self) -> None:
        self.query_one("#trouble", LineBar).show(trouble_line(self.facts, self.table.cursor, self.size.width))

    def _show_details(self, context: Context) -> None:
        """Draw the details of the row under the cursor: see `main_details`."""

    def _show_footer(self, context: Context) -> None:
        if self.filter_input.has_focus:
            self.footer.show([Entry("keep_filter", "enter", "Keep"), Entry("back", "esc", "Clear")], LEAVE)
            return
        usable = [command.id for command in footer_commands(context) if command.id not in ALWAYS]
        self.footer.show(self._entries(usable), self._entries(ALWAYS))

    def show_header(self) -> None:
        """Draw the header; below 18 lines what is in trouble stands there instead of the counts."""
        age_text, is_wrong = freshness(
            self.options.monotonic(),
            looked_at=self.looked_at,
            paused_at=self.paused_at,
            stale=self.stale,
            interval=self.options.refresh,
        )
        standing = Standing(
            age=age_text,
            is_wrong=is_wrong,
            here_only=self.here_only,
            filter_text=f"{'! ' if self.trouble_only else ''}{self.filter_text}".rstrip(),
            is_locked=self.options.read_only or self.desk.is_read_only,
            config_error=self.desk.config_error,
        )
        line = header_line(self.facts, standing, self.size.width)
        if not self.arrangement.has_trouble_line and self.facts and troubles(self.facts) and not is_wrong:
            line = trouble_line(self.facts, self.table.cursor, self.size.width)
        self.query_one("#header", LineBar).show(line)

    def _entries(self, names: Iterable[str]) -> list[Entry]:
        keys = ((name, self.keymap.printed(name)) for name in names)
        return [Entry(name, printed[0], BY_ID[name].label) for name, printed in keys if printed]

    def toast(self, text: str, *, error: bool = False) -> None:
        """Say one line: a fact for four seconds, an error until `esc`."""
        if error:
            self.notify(clean(text), severity="error", timeout=3600, markup=False)
        else:
            self.notify(clean(text), timeout=4, markup=False)
