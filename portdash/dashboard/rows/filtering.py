"""The filter as it is typed: plain words, `port:` and its like, and `!` for rows in trouble only.

Every text is a filter. A word that cannot be understood hides nothing, and `problems` says what it should look like.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from enum import StrEnum

from portdash.model.conflict import ConflictKind
from portdash.model.health import HealthState
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
    """The machine, by the beginning of its id; `here` is this one."""
    STATE = "state"
    """The word of the column, or its beginning: `running`, `not-running`, `squatted`."""


_KINDS = tuple(kind.value.replace("_", " ") for kind in ConflictKind if not kind.is_notice)
_STATES = (
    "running",
    "not running",
    *_KINDS,
    *(state.value for state in HealthState if state is not HealthState.HEALTHY),
    "flapping",
    "no port yet",
    "stale",
    "in use there",
    "listening",
)
"""What the column of states says, without figures."""
_CALLED = {
    "stopped": ("not running",),
    "available": ("not running",),
    "declared": ("no port yet",),
    "connected": ("running",),
    "healthy": ("running",),
    "conflict": _KINDS,
}
"""What the command line and the API call some of them."""


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
    states: tuple[str, ...] = ()
    """Beginnings of states, one of which is enough, for `state:`."""


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
    def doubt(self) -> str:
        """What may be wrong where nothing is found: a word that looks like a field, and is looked for as it stands."""
        heads = (each.partition(":") for each in self.needles)
        odd = next((head for head, colon, rest in heads if colon and head.isalpha() and not rest[:1].isdigit()), "")
        return f"{clean(odd)}: is no field; there are {', '.join(f'{each.value}:' for each in Field)}" if odd else ""

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
    first, last = int(found[1]), int(found[2] or 65535)
    if last < first:
        raise ValueError(f"port:{text} goes backwards; write port:{last}-{first}")
    return Term(field, text, ports=(first, last))


def _state(field: Field, text: str) -> Term:
    words = text.replace("-", " ").replace("_", " ").strip()
    if not words:
        return Term(field, text, states=("",))
    begun = tuple(each for each in _STATES if each.startswith(words))
    called = tuple(state for name, states in _CALLED.items() if name.startswith(words) for state in states)
    if not begun and not called:
        raise ValueError(f"state:{clean(text)} is no state; write running, not-running …")
    return Term(field, text, states=(*begun, *called))


def _host(field: Field, text: str) -> Term:
    if re.fullmatch(r"[0-9]+(\.[0-9]*)+|.*:.*|localhost", text):
        raise ValueError(f"host:{clean(text)} is an address; host:here is this machine")
    return Term(field, text)


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


_READERS: Mapping[Field, Callable[[Field, str], Term]] = {
    Field.PORT: _ports,
    Field.UP: _age,
    Field.CONN: _count,
    Field.STATE: _state,
    Field.HOST: _host,
}
