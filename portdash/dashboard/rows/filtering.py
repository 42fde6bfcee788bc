"""The filter as it is typed: plain words, `port:` and its like, and `!` for rows in trouble only.

Every text is a filter. A word that cannot be understood hides nothing, and `problems` says what it should look like.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from enum import StrEnum

from portdash.named_tuple import NamedTuple
from portdash.text import clean

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Field(StrEnum):
    """What a word of the filter may look at, before its colon."""

    PORT = "port"
    """`3000`, `808*`, `3000-3999`; one of several is enough."""
    PROJECT = "project"
    VIA = "via"
    UP = "up"
    """`>12h`, `<5m`."""
    CONN = "conn"
    """`0`, `>2`."""
    HOST = "host"
    STATE = "state"


class Bound(NamedTuple):
    """A comparison with a number."""

    sign: str
    """`<`, `>` or `=`."""
    number: float

    def admits(self, value: float | None) -> bool:
        """Say whether `value` fits; what is not known never does."""
        if value is None:
            return False
        return (
            value < self.number
            if self.sign == "<"
            else value > self.number
            if self.sign == ">"
            else value == self.number
        )


class Term(NamedTuple):
    """One word of the filter that has a colon."""

    field: Field
    text: str
    """What stands after the colon, in lower case."""
    bound: Bound | None = None
    """It as a comparison, for `up:` and `conn:`."""
    ports: tuple[int, int] | None = None
    """It as a range of ports, for `port:3000-3999`."""


class Filter(NamedTuple):
    """What a row must be like to be shown."""

    text: str = ""
    """As typed."""
    needles: tuple[str, ...] = ()
    """Words that must all be found in the row."""
    terms: tuple[Term, ...] = ()
    trouble: bool = False
    problems: tuple[str, ...] = ()
    """What could not be understood, and how it is written."""

    @property
    def is_active(self) -> bool:
        """Whether it hides anything."""
        return bool(self.needles or self.terms or self.trouble)

    @property
    def is_trouble_alone(self) -> bool:
        """Whether it asks for nothing but trouble."""
        return self.trouble and not (self.needles or self.terms)


def parse_filter(text: str, *, trouble: bool = False) -> Filter:
    """Read what was typed. An unfinished `port:` hides nothing."""
    needles: list[str] = []
    terms: list[Term] = []
    problems: list[str] = []
    for word in text.casefold().split():
        head, colon, rest = word.partition(":")
        if word == "!":
            trouble = True
        elif colon and head in set(Field):
            if rest:
                try:
                    terms.append(_READERS.get(Field(head), _plain)(Field(head), rest))
                except ValueError as error:
                    problems.append(str(error))
        elif colon and head.isalpha() and (near := get_close_matches(head, [each.value for each in Field], n=1)):
            problems.append(f"there is no {clean(head)}: in a filter; did you mean {near[0]}:?")
        else:
            needles.append(word)
    return Filter(text, tuple(needles), tuple(terms), trouble, tuple(problems))


def _plain(field: Field, text: str) -> Term:
    return Term(field, text)


def _ports(field: Field, text: str) -> Term:
    if re.fullmatch(r"[0-9*?]{1,5}", text, re.ASCII):
        return Term(field, text)
    found = re.fullmatch(r"([0-9]{1,5})-([0-9]{0,5})", text, re.ASCII)
    if found is None:
        raise ValueError(f"port:{clean(text)} is no port; write 3000, 808* or 3000-3999")
    return Term(field, text, ports=(int(found[1]), int(found[2] or 65535)))


def _age(field: Field, text: str) -> Term:
    found = re.fullmatch(r"([<>])?([0-9]{1,9})([smhd])?", text, re.ASCII)
    if found is None:
        if text in ("<", ">"):
            raise ValueError(f"up:{text} wants a time, such as up:{text}12h")
        raise ValueError(f"up:{clean(text)} is no time; write >12h, <5m or >2d")
    return Term(field, text, Bound(found[1] or ">", int(found[2]) * UNITS[found[3] or "s"]))


def _count(field: Field, text: str) -> Term:
    found = re.fullmatch(r"([<>=])?([0-9]{1,9})", text, re.ASCII)
    if found is None:
        raise ValueError(f"conn:{clean(text)} is no number of connections; write 0 or >2")
    return Term(field, text, Bound(found[1] or "=", int(found[2])))


_READERS: Mapping[Field, Callable[[Field, str], Term]] = {Field.PORT: _ports, Field.UP: _age, Field.CONN: _count}
