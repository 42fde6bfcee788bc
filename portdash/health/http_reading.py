"""HTTP/1 responses read within limits, from pieces: no socket, no decompression, and nothing on a header's word."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple

TLS_ALERT = b"\x15\x03"
"""How a server of TLS answers who speaks plainly, where it answers at all."""
_INTERIM = range(100, 200)
_SWITCHING = 101
_BODILESS = (204, 304)
_LONGEST_LINE = 1024
"""Bytes of a chunk's size line; servers write fewer than ten."""


class NotHttp(Exception):
    """What came is no HTTP response that can be read, or is larger than anybody's would be."""

    def __init__(self, why: str, head: bytes = b"") -> None:
        super().__init__(why)
        self.why = why
        """The reason in a few words that hold nothing foreign."""
        self.head = head
        """The first bytes that came, as they came; empty when there were none."""


class Head(NamedTuple):
    """The status line and the headers."""

    version: str
    """`1.0` or `1.1`."""
    status: int
    reason: str
    """As it came, decoded as Latin-1: not cleaned."""
    headers: tuple[tuple[str, str], ...]
    """Names and values as they came, in order, decoded as Latin-1: not cleaned."""
    first: Mapping[str, str]
    """The first value of each header, by its name in lower case."""


class _Part(Enum):
    HEAD = auto()
    COUNTED = auto()
    SIZE = auto()
    CHUNK = auto()
    TRAILER = auto()
    UNTIL_CLOSE = auto()
    DONE = auto()


class ResponseReader:
    """Reads one response from the pieces it is fed; `is_done` says when enough has come.

    Keeps at most `header_limit` bytes of the head, `body_limit` bytes of the body, and one piece.
    """

    def __init__(self, *, body_limit: int, header_limit: int) -> None:
        self._body_limit = body_limit
        self._header_limit = header_limit
        self._part = _Part.HEAD
        self._pending = b""
        self._seen = 0
        self._left = 0
        self._first = b""
        self.head: Head | None = None
        """None until the whole head is there."""
        self.body = bytearray()
        self.is_reusable = False
        """Whether the connection may carry another request; says something only once it is done."""

    @property
    def is_done(self) -> bool:
        """Whether the response is complete, or its body has reached the limit."""
        return self._part is _Part.DONE

    @property
    def is_untouched(self) -> bool:
        """Whether not a byte has come."""
        return not self._first

    def feed(self, data: bytes) -> None:
        """Take the next piece. Raises NotHttp."""
        if self.is_done:
            self.is_reusable = False
            return
        if not self._first:
            self._first = data[:64]
            if self._is_whole(data):
                return
        elif len(self._first) < 64:
            self._first += data[: 64 - len(self._first)]
        self._pending = self._pending + data if self._pending else data
        while self._pending and self._part is not _Part.DONE and self._step():
            pass
        if self._pending and self._part is _Part.DONE:
            self.is_reusable = False  # it said more than was asked
            self._pending = b""

    def _is_whole(self, data: bytes) -> bool:
        """Take in a response that came in one piece, as those to a health check mostly do; leave any other alone."""
        end = data.find(b"\r\n\r\n")
        if not 0 < end <= self._header_limit or not data.startswith(b"HTTP/1.") or data.find(b"\n\n", 0, end) >= 0:
            return False
        head = parse_head(data[:end], self._first)
        length = head.first.get("content-length", "")
        size = len(data) - end - 4
        if head.status < 200 or head.status in _BODILESS or "transfer-encoding" in head.first or length != str(size):
            return False
        if not 0 < size <= self._body_limit:
            return False
        self.head = head
        self.body += data[end + 4 :]
        self.is_reusable = _stays_open(head)
        self._part = _Part.DONE
        return True

    def end(self) -> None:
        """Say that the server has closed its side. Raises NotHttp when that cuts the response short."""
        self.is_reusable = False
        if self._part is _Part.UNTIL_CLOSE:
            self._part = _Part.DONE
        elif not self.is_done:
            raise NotHttp("it closed the connection " + ("early" if self._first else "without a word"), self._first)

    def _step(self) -> bool:
        """Read one element off what is pending; False when more must come first."""
        match self._part:
            case _Part.HEAD:
                return self._read_head()
            case _Part.COUNTED | _Part.CHUNK:
                return self._read_counted()
            case _Part.SIZE:
                return self._read_size()
            case _Part.TRAILER:
                return self._read_trailer()
            case _:
                self._keep(self._pending)
                self._pending = b""
                return False

    def _read_head(self) -> bool:
        pending = self._pending
        if not b"HTTP/1.".startswith(pending[:7]):
            raise NotHttp("it does not speak HTTP", self._first)
        end, width = pending.find(b"\r\n\r\n"), 4
        bare = pending.find(b"\n\n")  # some hand-made servers end lines so
        if bare >= 0 and (end < 0 or bare < end):
            end, width = bare, 2
        if self._seen + (len(pending) if end < 0 else end) > self._header_limit:
            raise NotHttp(f"its headers are longer than {self._header_limit} bytes", self._first)
        if end < 0:
            return False
        self._seen += end + width
        self._pending = pending[end + width :]
        head = parse_head(pending[:end], self._first)
        if head.status not in _INTERIM or head.status == _SWITCHING:
            self.head = head
            self._begin_body(head)
        return True

    def _begin_body(self, head: Head) -> None:
        self.is_reusable = _stays_open(head)
        coding, length = head.first.get("transfer-encoding"), head.first.get("content-length")
        if head.status in _BODILESS or head.status == _SWITCHING:
            self._part = _Part.DONE
        elif coding is not None and "chunked" in coding.lower():
            self._part = _Part.SIZE
        elif length is not None:
            self._left = _whole_number(length.split(",")[0].strip(), 10, self._first)
            self._part = _Part.COUNTED if self._left else _Part.DONE
        else:
            self.is_reusable = False
            self._part = _Part.UNTIL_CLOSE
        if self._body_limit == 0 and not self.is_done:
            self._stop()

    def _read_counted(self) -> bool:
        piece, self._pending = self._pending[: self._left], self._pending[self._left :]
        self._left -= len(piece)
        self._keep(piece)
        if not self._left and not self.is_done:
            self._part = _Part.DONE if self._part is _Part.COUNTED else _Part.SIZE
        return True

    def _read_size(self) -> bool:
        line = self._line()
        if line is None:
            return False
        if line:  # an empty one ends the chunk before
            self._left = _whole_number(line.split(b";")[0].strip().decode("latin-1"), 16, self._first)
            self._part = _Part.CHUNK if self._left else _Part.TRAILER
        return True

    def _read_trailer(self) -> bool:
        line = self._line()
        if line is None:
            return False
        self._seen += len(line)
        if self._seen > self._header_limit:
            raise NotHttp(f"its headers are longer than {self._header_limit} bytes", self._first)
        if not line:
            self._part = _Part.DONE
        return True

    def _line(self) -> bytes | None:
        line, found, rest = self._pending.partition(b"\n")
        if len(line) > _LONGEST_LINE:
            raise NotHttp("its chunks cannot be read", self._first)
        if not found:
            return None
        self._pending = rest
        return line.rstrip(b"\r")

    def _keep(self, piece: bytes) -> None:
        self.body += piece[: self._body_limit - len(self.body)]
        at_end = self._part is _Part.COUNTED and not self._left
        if len(self.body) >= self._body_limit and not at_end:
            self._stop()

    def _stop(self) -> None:
        """Leave the rest of the body where it is."""
        self.is_reusable = False
        self._part = _Part.DONE


def parse_head(head: bytes, first: bytes) -> Head:
    """Return the status line and headers of `head`, which has no empty line. Raises NotHttp, with `first` in it."""
    lines = head.decode("latin-1").split("\n")
    start, _, reason = lines[0].rstrip("\r").partition(" ")
    status, _, reason = reason.strip().partition(" ")
    version = start.removeprefix("HTTP/")
    if version not in ("1.0", "1.1") or not (len(status) == 3 and status.isascii() and status.isdigit()):
        raise NotHttp("its status line cannot be read", first)
    headers: list[tuple[str, str]] = []
    known: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon and name and not name[0].isspace():
            name, value = name.rstrip(), value.strip()
            headers.append((name, value))
            known.setdefault(name.lower(), value)
    return Head(version, int(status), reason.strip(), tuple(headers), known)


def _stays_open(head: Head) -> bool:
    wish = head.first.get("connection", "").lower()
    return "keep-alive" in wish if head.version == "1.0" else "close" not in wish


def _whole_number(text: str, base: int, first: bytes) -> int:
    """Return a length; it is counted down and never allocated, so its size does not matter."""
    digits = "0123456789abcdef"[:base]
    if not text or len(text) > 20 or any(char not in digits for char in text.lower()):
        raise NotHttp("the length of its body cannot be read", first)
    return int(text, base)
