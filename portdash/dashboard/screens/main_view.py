"""The layout of the main screen, and the list in it. The lines around the list are in `main_bars`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import Resize
from textual.reactive import var
from textual.screen import Screen
from textual.widget import AwaitMount

from portdash.dashboard.desk import Desk
from portdash.dashboard.keymap import Keymap
from portdash.dashboard.options import Options
from portdash.dashboard.outlook import Outlook
from portdash.dashboard.rows.row import Kind, Row, RowKey
from portdash.dashboard.rows.summary import troubles
from portdash.dashboard.rows.view import View
from portdash.dashboard.screens.arrangement import Arrangement, Where, arrange
from portdash.dashboard.widgets.details_pane import DetailsPane
from portdash.dashboard.widgets.filter_line import FilterLine
from portdash.dashboard.widgets.key_bar import KeyBar
from portdash.dashboard.widgets.line_bar import LineBar
from portdash.dashboard.widgets.service_table import ServiceTable
from portdash.model.assignment import ServiceKey
from portdash.model.history import Event
from portdash.model.snapshot import ServiceView, Snapshot

if TYPE_CHECKING:
    from portdash.dashboard.rows.facts import Facts


class MainView(Screen[None]):
    """Header, trouble line, list, details, filter line and footer."""

    DEFAULT_CSS = """
    MainView {
        layout: vertical;
        background: $background;

        #body { layout: vertical; height: 1fr; }
        #body.-beside { layout: horizontal; }
        #list { height: 1fr; width: 1fr; }
        .-framed {
            border: solid $border;
            border-title-color: $accent;
            border-title-style: bold;
            border-subtitle-color: $text-muted;
        }
        .-framed.-ascii { border: ascii $border; }
        .-framed:focus-within, .-framed:focus { border: solid $accent; }
        .-framed.-ascii:focus-within, .-framed.-ascii:focus { border: ascii $accent; }
        #details { display: none; width: 1fr; }
        .-beside > #details, .-below > #details, .-over.-open > #details { display: block; }
        .-over.-open > #list { display: none; }
        .-below > #details { height: auto; }
        .-zoom-list > #details, .-zoom-details > #list { display: none; }
        .-zoom-details > #details { display: block; width: 1fr; height: 1fr; }
        LineBar.-off { display: none; }
    }
    """
    AUTO_FOCUS: ClassVar[str | None] = "ServiceTable"

    table = getters.query_one(ServiceTable)
    pane = getters.query_one(DetailsPane)
    footer = getters.query_one(KeyBar)

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
        self.outlook = Outlook(view=options.view, filter_text=options.filter)
        if options.memory:
            self.outlook.sorts.update(options.memory.remembered.sorts)
            self.outlook.without.update(options.memory.remembered.without)
        self.paused_at: float | None = None
        self.looked_at: float | None = None
        self.wanted: RowKey | None = None
        """Row that a change was about: the cursor goes there as soon as it is seen."""
        self.filter_line: FilterLine | None = None
        """None until it was wanted, or time for it."""
        self._adding: AwaitMount | None = None
        self._titles: dict[str, tuple[Content, str]] = {}
        """What stands on the frames."""
        self.said: tuple[tuple[int, Event], ...] = ()
        """Toasts, numbered, the latest last."""

    def compose(self) -> ComposeResult:
        """Lay out everything for the size there is, so that it is drawn once; nothing is known yet."""
        glyphs = self.options.glyphs
        self.arrangement = place = arrange(*self.app.size)
        signs = "-ascii" if glyphs.is_ascii else ""
        yield LineBar(id="header").with_glyphs(glyphs)
        yield LineBar(id="trouble", classes="" if place.has_trouble_line else "-off").with_glyphs(glyphs)
        with Container(id="body", classes=f"-{place.details.value}"):
            with Vertical(id="list", classes=f"{signs} -framed" if place.framed else signs):
                yield ServiceTable(id="table").with_glyphs(glyphs)
            has_frame = place.framed or place.details is Where.OVER
            yield DetailsPane(id="details", classes=f"{signs} -framed" if has_frame else signs).with_glyphs(glyphs)
        yield KeyBar(id="footer").with_glyphs(glyphs)

    def on_mount(self) -> None:
        """Give the details their size before anything is laid out."""
        self._size_details()

    @property
    def snapshot(self) -> Snapshot | None:
        """What dialogs are given: the snapshot on the screen."""
        return self.facts.snapshot if self.facts else None

    @property
    def is_in_details(self) -> bool:
        """Whether keys go to the details."""
        return self.pane.has_focus or self.query_one("#body").has_class("-open")

    @property
    def has_filter(self) -> bool:
        """Whether a filter is set or being typed."""
        return bool(self.outlook.filter_text) or self.is_filtering

    @property
    def is_filtering(self) -> bool:
        """Whether letters are text of the filter."""
        return self.filter_line is not None and self.filter_line.input.has_focus

    async def add_filter_line(self) -> FilterLine:
        """Return the filter line, once it is there: the first frame and the first table do without."""
        if self.filter_line is None:
            self.filter_line = FilterLine(self.outlook.filter_text)
            self._adding = self.mount(self.filter_line, before=self.footer)
        if self._adding is not None:
            await self._adding
            self._adding = None
        return self.filter_line

    def set_filter(self, text: str) -> None:
        """Filter by another text."""
        self.outlook.filter_text = text
        if self.filter_line is not None:
            self.filter_line.input.value = text

    @property
    def has_error(self) -> bool:
        """Whether a toast is shown that stays until it is taken away."""
        return any(each.severity == "error" for each in self.app._notifications)  # noqa: SLF001  as in `toast`

    def on_resize(self, event: Resize) -> None:
        """Arrange list and details for the new size."""
        self.arrangement = arrange(event.size.width, event.size.height)
        body = self.query_one("#body")
        for where in Where:
            body.set_class(self.arrangement.details is where, f"-{where.value}")
        if self.arrangement.details is not Where.OVER:
            body.remove_class("-open")
        else:
            body.remove_class("-zoom-list", "-zoom-details")
        self.query_one("#list").set_class(self.arrangement.framed, "-framed")
        self.pane.set_class(self.arrangement.framed or self.arrangement.details is Where.OVER, "-framed")
        self.query_one("#trouble").set_class(not self.arrangement.has_trouble_line, "-off")
        self._size_details()
        self.call_after_refresh(self._resized)

    def _size_details(self) -> None:
        """Give the details their place beside or below the list, or all of it where they were enlarged."""
        where = None if self.query_one("#body").has_class("-zoom-details") else self.arrangement.details
        self.pane.styles.width = self.arrangement.size if where is Where.BESIDE else "1fr"
        self.pane.styles.height = self.arrangement.size if where is Where.BELOW else "1fr"

    def _resized(self) -> None:
        if self.facts is not None and not self.outlook.has_folded:
            self.fold_to_fit()
        self.show_list()

    def fold_to_fit(self) -> None:
        """Fold what does not fit, until somebody folds by hand."""
        if self.facts is not None:
            from portdash.dashboard.rows.listing import folded_to_fit  # noqa: PLC0415  not for the first frame

            self.outlook.folded = folded_to_fit(self.facts, self.table.page)

    def show_list(self, *, start: RowKey | None = None) -> None:
        """Draw the list anew, and with it all that speaks of it. The cursor goes to `start` where it is nowhere."""
        if self.facts is not None:
            from portdash.dashboard.rows.seeing import see  # noqa: PLC0415  as above

            self.outlook.forget_lost_marks(self.facts)
            state = self.outlook.list_state(
                self.said, self.ways_out(), width=self.table.scrollable_content_region.width
            )
            self.table.without = self.outlook.without.get(self.outlook.view, frozenset())
            self.table.show(see(self.facts, state), start=start or self._start())
        self.show_frame()
        self.show_bars()

    def ways_out(self) -> dict[ServiceKey, tuple[str, ...]]:
        """Return what resolving each conflict would do, where the view shows it."""
        return {}

    def show_bars(self) -> None:
        """Draw all that speaks of the list."""

    def show_frame(self) -> None:
        """Say on the frame which views there are, and how this one is sorted."""

    def go_to(self, key: RowKey) -> bool:
        """Put the cursor on a service or listener, unfolding what hides it; say whether it is in the list."""
        if self.table.move_to(key):
            return True
        subject = self.facts.subjects.get(key) if self.facts else None
        if self.facts is None or subject is None:
            return False
        if self.outlook.view is not View.SERVICES:
            listing = self.table.listing
            found = next((row.key for row in listing.rows if row.subject_key == key), None) if listing else None
            return found is not None and self.table.move_to(found)
        from portdash.dashboard.rows.listing import group_of  # noqa: PLC0415  as above

        kind = Kind.SERVICE if isinstance(subject, ServiceView) else Kind.LISTENER
        folded = self.outlook.folded or frozenset()
        self.outlook.folded = folded - {group_of(Row(kind, key, subject), self.facts)}
        self.show_list()
        return self.table.move_to(key)

    def _start(self) -> RowKey | None:
        """Return where the cursor starts: on our own worst trouble, else on our first service."""
        facts = self.facts
        if facts is None or not facts.groups or self.outlook.view is not View.SERVICES:
            return None
        ours = [key for key in troubles(facts) if key in {("service", view.key) for view in facts.groups[0].views}]
        first = ("service", facts.groups[0].views[0].key) if facts.groups[0].views else None
        return ours[0] if ours else first

    def set_title(self, selector: str, title: Content, subtitle: str) -> None:
        """Write on a frame; data in it is text, and never markup. Nothing is drawn where it says so already."""
        if self._titles.get(selector) == (title, subtitle):
            return
        self._titles[selector] = (title, subtitle)
        box = self.query_one(selector)
        box.border_title = title
        box.border_subtitle = Content(self.options.glyphs.draw(subtitle))
