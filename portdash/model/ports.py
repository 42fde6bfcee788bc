"""Port numbers, ranges of them, and the two protocols that have ports here."""

from collections.abc import Iterator

from portdash.errors import InvalidPort
from portdash.model.protocol import IpProtocol
from portdash.record import record
from portdash.text import shown

__all__ = [
    "FIRST_PORT", "LAST_PORT", "IpProtocol", "PortRange", "check_port", "parse_port", "parse_range",
]  # fmt: skip

FIRST_PORT, LAST_PORT = 1, 65535


@record(order=True)
class PortRange:
    """The ports from `first` to `last`, both included."""

    first: int
    last: int

    def __post_init__(self) -> None:
        check_port(self.first)
        check_port(self.last)
        if self.first > self.last:
            raise InvalidPort(f"the range {self.first}-{self.last} runs backwards")

    def __contains__(self, port: object) -> bool:
        return isinstance(port, int) and self.first <= port <= self.last

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


def check_port(port: object) -> int:
    """Return `port` if it is a port number; bool, float and text are not. Raises InvalidPort."""
    if isinstance(port, bool) or not isinstance(port, int) or not FIRST_PORT <= port <= LAST_PORT:
        raise InvalidPort(f"{shown(port, limit=40)} is not a port")
    return port


def parse_port(text: str) -> int:
    """Read a port written in ASCII decimal digits, the first of them not 0. Raises InvalidPort."""
    if not _is_number(text):
        raise InvalidPort(f"{text[:40]!r} is not a port")
    return check_port(int(text))


def parse_range(text: str) -> PortRange:
    """Read `FIRST-LAST`, or one port as a range of one. Raises InvalidPort."""
    first, dash, last = (part.strip() for part in text.partition("-"))
    if dash and not (_is_number(first) and _is_number(last)):
        raise InvalidPort(f"{text[:40]!r} is not a range of ports")
    low = parse_port(first)
    return PortRange(low, parse_port(last) if dash else low)


def _is_number(text: str) -> bool:
    """Say whether a text is a number as ports are written: `08080` is a slip, or octal to the next program."""
    return text.isascii() and text.isdigit() and len(text) <= 5 and (text[0] != "0" or text == "0")
