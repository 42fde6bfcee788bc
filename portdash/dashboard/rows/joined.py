"""The one line above the list of a screen that is too short for two."""

from collections.abc import Sequence

from rich.cells import cell_len

from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.layout import choose, cut_line, justify, line_width
from portdash.dashboard.rows.row import Line, RowKey, Span, Tone
from portdash.dashboard.rows.store_trouble import store_trouble
from portdash.dashboard.rows.summary import (
    Standing,
    count_spans,
    key_words,
    place_spans,
    told,
    troubles,
    unusual_spans,
)


def joined_line(
    facts: Facts, standing: Standing, current: RowKey | None, width: int, *, instead: str = "", stale: str | None = None
) -> Line:
    """Return the view, what most needs to be said, and the age, where all have one line; nothing where all is well.

    That is the trouble under the cursor, `instead`, what is wrong with the store, or the worst trouble. `stale` is why
    the last look failed, None where it did not.
    """
    rows = troubles(facts)
    if instead or (current not in rows and (instead := choose(store_trouble(facts, stale) or ("",), width - 4))):
        number = facts.keys.first(standing.view.command) or standing.view.value
        return cut_line((Span(f" {number} ", Tone.BOLD), Span(f" {instead}")), width)
    return _of_service(facts, standing, rows, current, width) if rows else ()


def _of_service(facts: Facts, standing: Standing, rows: Sequence[RowKey], current: RowKey | None, width: int) -> Line:
    """Say what trouble a service is in; `rows` are all that are.

    Keys are left out first, then the counts, the age's figure, the view's name beside its key, and the age.
    """
    state, place, texts = told(facts, rows, current)
    unusual = unusual_spans(facts, standing)
    number = facts.keys.first(standing.view.command) or str(standing.view.value)
    title = place_spans(facts, standing, 0)
    heads = [[*title, *count_spans(facts, fullness, standing.only), *unusual, Span("   ")] for fullness in (1, 0)]
    heads += [[*title, *unusual[:1]], [Span(f" {number} ", Tone.BOLD), *unusual[:1]]]
    heads = [[*head, Span(state.glyph, state.tone), Span(f" {place} ")] for head in heads]
    full, short = standing.age.partition(" ago")[0], standing.age.partition(",")[0]
    keys = key_words(state, facts.keys)[-1]
    ways = [(0, full, keys), (0, short, ""), (1, full, keys), (1, short, ""), (2, full, keys)]
    ways += [(2, short, keys), (2, short, ""), (3, short, keys), (3, short, ""), (3, "", "")]
    for head, age_text, key in ways:
        tail = (Span(f"{key}  " if key else "", Tone.DIM), Span(f"{age_text} " if age_text else "", Tone.DIM))
        room = width - line_width(heads[head]) - line_width(tail) - 1
        found = next((text for text in texts if cell_len(text) <= room), None)
        if found is not None:
            break
    return justify((*heads[head], Span(found or texts[-1], Tone.BOLD)), tail, width)
