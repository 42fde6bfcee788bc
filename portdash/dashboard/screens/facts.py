"""Labelled lines that wrap within their own column, as Rich grids: data goes in as text and stays text."""

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from portdash.text import clean

Fact = tuple[str, str | Text | Sequence[str]]
"""A label, and one or several lines that stand beside it."""


def facts(rows: Iterable[Fact], *, width: int = 11) -> Table:
    """Return a grid of labels and values; an empty value leaves its row out. The labels take at least `width`."""
    rows = [row for row in rows if row[1]]
    width = max([width, *(len(label) for label, _ in rows)])
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=width, no_wrap=True, style="bold")
    grid.add_column(ratio=1, overflow="fold")
    for label, value in rows:
        values = [value] if isinstance(value, str | Text) else list(value)
        for number, each in enumerate(each for each in values if each):
            grid.add_row(Text(label if number == 0 else ""), cell(each))
    return grid


def table(rows: Iterable[Sequence[str | Text]], *, indent: int = 0) -> Table:
    """Return rows of cells in columns, the last of which takes the rest of the width and wraps."""
    cells = [tuple(map(cell, row)) for row in rows]
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True, pad_edge=False)
    count = max(map(len, cells), default=1)
    if indent:
        grid.add_column(width=indent)
    for number in range(count):
        grid.add_column(ratio=1 if number == count - 1 else None, no_wrap=number < count - 1, overflow="fold")
    for row in cells:
        grid.add_row(*([Text("")] if indent else []), *row)
    return grid


def cell(value: str | Text) -> Text:
    """Return a value as text in which nothing is read as markup and nothing moves the cursor."""
    return value if isinstance(value, Text) else Text(clean(value, limit=500))
