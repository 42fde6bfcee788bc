"""Rows as text, for tests."""

import scenes

from portdash.dashboard.keymap import make_keymap
from portdash.dashboard.rows.facts import Facts, digest
from portdash.dashboard.rows.layout import columns_for
from portdash.dashboard.rows.listing import Listing, ListState, build_listing
from portdash.dashboard.rows.paint import paint
from portdash.dashboard.rows.row import Line
from portdash.dashboard.rows.summary import Standing
from portdash.model.snapshot import Snapshot
from portdash.model.workspace import Workspace

KEYS = make_keymap({}).names
LIVE = Standing("live, 0.4s ago")
DOCS = Workspace(name="docs", root=f"{scenes.HOME}/docs")


def facts_of(snapshot: Snapshot | None = None, before: Facts | None = None) -> Facts:
    return digest(snapshot or scenes.working_day(), home=scenes.HOME, keys=KEYS, before=before)


def text_of(line: Line) -> str:
    return "".join(span.text for span in line)


def drawn(listing: Listing, width: int) -> list[str]:
    columns = columns_for(width, listing.longest_name)
    return [text_of(paint(row, listing.facts, columns, width)) for row in listing.rows]


def everything(facts: Facts) -> Listing:
    return build_listing(facts, ListState(frozenset()))


def find(lines: list[str], *words: str) -> str:
    return next(line for line in lines if all(word in line for word in words))
