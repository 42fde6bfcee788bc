"""Choosing how the list is laid out: order, columns, marks, colours; and what of it is remembered."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from textual import on

from portdash.dashboard.glyphs import MARK
from portdash.dashboard.memory import Remembered
from portdash.dashboard.messages import HeadClicked
from portdash.dashboard.rows.help_row import HelpRow
from portdash.dashboard.rows.layout import Column
from portdash.dashboard.rows.view import NATURAL, Sort
from portdash.dashboard.screens.main_going import Going
from portdash.dashboard.theme import CHOICES


class Ordering(Going):
    """The actions that change how rows are shown; each bears the id of its command."""

    _kept = Remembered()
    """What was chosen, where nothing is kept from one start to the next."""

    @on(HeadClicked)
    def _head_clicked(self, message: HeadClicked) -> None:
        self.sort_by(message.column)

    def sort_by(self, column: Column | None) -> None:
        """Sort by a column; by the same one again the other way round, and then as the view does of itself."""
        now = self.outlook.sort
        turned = now.column is column
        self.outlook.sorts[self.outlook.view] = Sort(column, not now.is_reversed if turned else False)
        self.remember()
        self.show_list()

    def action_sort(self) -> None:
        """Choose the column to sort by."""
        view, now = self.outlook.view, self.outlook.sort
        rows = [HelpRow("", NATURAL[view], _order(now, None), command="")]
        rows += [HelpRow("", column.value, _order(now, column), command=column.value) for column in self._sortable()]
        self.ask(f"Sort {view.title}", rows, self._sort_chosen)

    def _sort_chosen(self, name: str | None) -> None:
        if name is not None:
            self.sort_by(Column(name) if name else None)

    def _sortable(self) -> list[Column]:
        return [place.column for place in self.table.columns.services if place.column is not Column.STRIP]

    def action_sort_next(self) -> None:
        """Sort by the next column."""
        self._sort_beside(1)

    def action_sort_previous(self) -> None:
        """Sort by the column before."""
        self._sort_beside(-1)

    def _sort_beside(self, step: int) -> None:
        columns: list[Column | None] = [None, *self._sortable()]
        now = self.outlook.sort.column
        at = columns.index(now) if now in columns else 0
        self.outlook.sorts[self.outlook.view] = Sort(columns[(at + step) % len(columns)])
        self.remember()
        self.show_list()

    def action_columns(self) -> None:
        """Choose which columns this view has."""
        from portdash.dashboard.rows.column_sets import optional  # noqa: PLC0415  not for the first frame

        view = self.outlook.view
        without = self.outlook.without.get(view, frozenset())
        rows = [
            HelpRow(
                "", column.value, "hidden" if column in without else "shown where there is room", command=column.value
            )
            for column in optional(view)
        ]
        self.ask(f"Columns of {view.title}", rows, self._column_chosen)

    def _column_chosen(self, name: str | None) -> None:
        if name:
            view = self.outlook.view
            self.outlook.without[view] = self.outlook.without.get(view, frozenset()) ^ {Column(name)}
            self.remember()
            self.show_list()

    # Marks.

    def action_mark(self) -> None:
        """Mark the row, or take its mark away, and step down."""
        row = self.table.row
        if row is not None and row.can_be_marked:
            self.outlook.mark(row.subject_key)
            self.show_list()
            self.table.move_by(1)

    def action_mark_shown(self) -> None:
        """Mark all rows that are shown; where they all are, take the marks away."""
        if self.table.listing:
            self.outlook.mark_all(self.table.listing)
            self.show_list()

    # Colours, and menus.

    def action_theme(self) -> None:
        """Choose the colours."""
        shown = self.app.theme
        rows = [HelpRow("", name, shown_now(is_it=theme == shown), command=name) for name, theme in CHOICES.items()]
        self.ask("Theme", rows, self._theme_chosen)

    def _theme_chosen(self, name: str | None) -> None:
        if name:
            self.app.theme = CHOICES[name]
            self.remember()

    @property
    def remembered(self) -> Remembered:
        """What is kept from one start to the next."""
        return self.options.memory.remembered if self.options.memory else self._kept

    def remember(self) -> None:
        """Keep what was chosen for the next start: colours, order, columns."""
        theme = next((name for name, theme in CHOICES.items() if theme == self.app.theme), None)
        outlook = self.outlook
        now = replace(self.remembered, sorts=dict(outlook.sorts), without=dict(outlook.without))
        self.keep(replace(now, theme=theme) if theme else now)

    def keep(self, remembered: Remembered) -> None:
        """Keep something for the next start; that it cannot be kept is said."""
        self._kept = remembered
        if self.options.memory and (problem := self.options.memory.keep(remembered)):
            self.toast(problem, error=True)

    def ask(self, title: str, rows: Sequence[HelpRow], then: Callable[[str | None], None]) -> None:
        """Open a menu; `then` gets the command of the line that was chosen, None where none was."""
        from portdash.dashboard.screens.menu import MenuScreen  # noqa: PLC0415  imported when it is first wanted

        self.app.push_screen(MenuScreen(rows, title), then)


def shown_now(*, is_it: bool) -> str:
    """Return what stands beside the line of a menu that is in force."""
    return f"  {MARK} shown now" if is_it else ""


def _order(now: Sort, column: Column | None) -> str:
    if now.column is not column:
        return ""
    return f"{MARK} now, reversed: turns it back" if now.is_reversed else f"{MARK} now: turns it round"
