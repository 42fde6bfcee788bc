"""What each key would do to a row, as lines for the details."""

from collections.abc import Iterator, Sequence

from portdash.dashboard.rows.prose import LABEL, heading, wrapped
from portdash.dashboard.rows.row import Line, Span, Tone
from portdash.named_tuple import NamedTuple


class Offer(NamedTuple):
    """What a key would do to this row, said before it is pressed."""

    key: str
    label: str
    text: str
    is_usable: bool = True


def offer_lines(offers: Sequence[Offer], width: int) -> Iterator[Line]:
    """Yield a line for each key, grey where it cannot be used just now."""
    if not offers:
        return
    yield ()
    yield heading("YOU CAN", width)
    for offer in offers:
        tone = Tone.PLAIN if offer.is_usable else Tone.DIM
        first, *rest = wrapped(offer.text, max(10, width - LABEL - 3))
        key = Span(f"  {offer.key:<3}", Tone.ACCENT if offer.is_usable else Tone.DIM)
        yield (key, Span(f"{offer.label.lower():<{LABEL - 3}}", tone), Span(first, tone))
        for more in rest:
            yield (Span(" " * (LABEL + 2)), Span(more, tone))
