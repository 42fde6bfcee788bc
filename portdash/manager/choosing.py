"""Words of closed vocabularies, as callers write them."""

from enum import StrEnum
from typing import TypeVar

from portdash.errors import UsageError
from portdash.text import and_list, clean

Word = TypeVar("Word", bound=StrEnum)


def one_of(vocabulary: type[Word], word: str) -> Word:
    """Return the member that `word` is. Raises UsageError, which lists them all."""
    try:
        return vocabulary(word)
    except ValueError as error:
        raise UsageError(
            f"{clean(repr(word))} is none of {and_list(vocabulary)}", hint="use one of these words"
        ) from error
