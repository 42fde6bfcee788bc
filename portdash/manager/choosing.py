"""Words of closed vocabularies, as callers write them."""

from enum import StrEnum
from typing import TypeVar

from portdash.errors import UsageError
from portdash.model.plan import Strategy
from portdash.text import and_list, shown

Word = TypeVar("Word", bound=StrEnum)


def one_of(vocabulary: type[Word], word: str) -> Word:
    """Return the member that `word` is. Raises UsageError, which lists them all."""
    try:
        return vocabulary(word)
    except ValueError as error:
        raise UsageError(f"{shown(word)} is none of {and_list(vocabulary)}", hint="use one of these words") from error


def strategy_of(word: str | None) -> Strategy | None:
    """Return the strategy that a word means, None for none. Raises UsageError."""
    return None if word is None or word == "" else one_of(Strategy, word)
