"""What the person at the keyboard chose to see: view, filter, scope, order, columns, marks. Nothing of it is a fact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from portdash.dashboard.rows.row import service_row_key
from portdash.dashboard.rows.view import Sort, View
from portdash.record import field, record

if TYPE_CHECKING:
    from portdash.dashboard.rows.facts import Facts
    from portdash.dashboard.rows.filtering import Filter
    from portdash.dashboard.rows.layout import Column
    from portdash.dashboard.rows.listing import Listing, ListState
    from portdash.dashboard.rows.row import Group, Other, RowKey
    from portdash.model.assignment import ServiceKey
    from portdash.model.history import Event
    from portdash.model.snapshot import ServiceView

_NONE: Mapping[ServiceKey, tuple[str, ...]] = {}


@record(frozen=False)
class Outlook:
    """How the list is looked at. It changes with keys, never with a refresh."""

    view: View = View.SERVICES
    filter_text: str = ""
    trouble_only: bool = False
    only: str | None = None
    """The workspace that the list is narrowed to."""
    folded: frozenset[RowKey] | None = None
    """None until it was seen how much room there is."""
    has_folded: bool = False
    """Whether the person at the keyboard folded anything: from then on a resize folds nothing."""
    sorts: dict[View, Sort] = field(default_factory=dict)
    without: dict[View, frozenset[Column]] = field(default_factory=dict)
    """Columns that are not wanted."""
    marked: frozenset[RowKey] = frozenset()
    """Marks stay over views: a service is the same in each of them."""
    suggested: frozenset[RowKey] = frozenset()
    """What was marked beforehand, to be adopted."""
    cursors: dict[View, RowKey] = field(default_factory=dict)
    """Where the cursor was in the views that are not shown."""

    @property
    def filter(self) -> Filter:
        """The filter as it is understood."""
        from portdash.dashboard.rows.filtering import parse_filter  # noqa: PLC0415  not for the first frame

        return parse_filter(self.filter_text, trouble=self.trouble_only)

    @property
    def problem(self) -> str:
        """What is wrong with the filter, where anything is."""
        return next(iter(self.filter.problems), "") if self.filter_text else ""

    @property
    def sort(self) -> Sort:
        """How the view that is shown is sorted."""
        return self.sorts.get(self.view, Sort())

    def list_state(
        self,
        said: tuple[tuple[int, Event], ...] = (),
        ways_out: Mapping[ServiceKey, tuple[str, ...]] = _NONE,
        *,
        width: int = 0,
    ) -> ListState:
        """Return it as the rows are made from it, in lines of `width` cells."""
        from portdash.dashboard.rows.drawing import Beside  # noqa: PLC0415  not for the first frame
        from portdash.dashboard.rows.listing import ListState  # noqa: PLC0415  as above

        return ListState(
            self.folded or frozenset(),
            self.filter,
            self.only,
            view=self.view,
            sort=self.sort,
            beside=Beside(self.marked, ways_out),
            said=said,
            width=width,
        )

    def forget_lost_marks(self, facts: Facts) -> None:
        """Take away the marks of rows that are no more."""
        if self.marked:
            was_suggested = self.is_suggested
            self.marked = frozenset(self.marked & facts.subjects.keys())  # of keys alone it would be a set
            self.suggested = self.marked if was_suggested else frozenset()

    @property
    def is_suggested(self) -> bool:
        """Whether the marks are those that were set beforehand, and nobody has changed any."""
        return bool(self.marked) and self.marked == self.suggested

    def suggest(self, facts: Facts) -> None:
        """Mark what plainly fits to be adopted, where no service is known yet."""
        from portdash.manager.doubts import doubts_of  # noqa: PLC0415  for the first run alone

        user = facts.snapshot.user
        fitting = (other.key for other in facts.others if not other.is_system and not doubts_of(other.listener, user))
        self.marked = self.suggested = frozenset(fitting)

    def marked_subjects(self, facts: Facts | None) -> Iterator[ServiceView | Other]:
        """Yield what is marked, in the order of the facts."""
        if facts is not None and self.marked:
            yield from (subject for key, subject in facts.subjects.items() if key in self.marked)

    def hidden_marks(self, listing: Listing | None) -> int:
        """Return how many marked rows are not in the list."""
        if not self.marked:
            return 0
        shown = {row.subject_key for row in listing.rows} if listing else set()
        return len(self.marked - shown)

    def hidden_views(self, group: Group, listing: Listing | None) -> int:
        """Return how many services of a workspace the filter leaves out; folding hides none of them."""
        if not self.filter.is_active or listing is None:
            return 0
        shown = {row.subject_key for row in listing.rows}
        return sum(1 for view in group.views if service_row_key(view) not in shown)

    def mark(self, key: RowKey) -> None:
        """Mark a row, or take its mark away."""
        self.marked ^= {key}

    def mark_all(self, listing: Listing) -> None:
        """Mark all that is shown; where all of it is marked, take those marks away."""
        shown = frozenset(row.subject_key for row in listing.rows if row.can_be_marked)
        self.marked = self.marked - shown if shown <= self.marked else self.marked | shown
