"""Whole lines out of what comes in pieces. Pure."""

LONGEST = 64 * 1024
"""Bytes of a line; the rest of a longer one is the next."""


class Lines:
    """Gathers pieces; what is not a whole line yet is kept."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._seen = 0
        """So many of the kept bytes hold no end of a line."""

    def add(self, data: bytes) -> list[bytes]:
        """Take a piece and return the lines that are whole by now, without their ends."""
        self._kept += data
        found: list[bytes] = []
        begin = 0
        while True:
            end = self._kept.find(b"\n", max(begin, self._seen), begin + LONGEST)
            if end < 0 and len(self._kept) - begin < LONGEST:
                break
            cut = end if end >= 0 else begin + LONGEST
            found.append(bytes(self._kept[begin:cut]))
            begin = cut + (end >= 0)
        del self._kept[:begin]
        self._seen = len(self._kept)
        return found

    @property
    def unfinished(self) -> bytes:
        """What is left, a line without its end; it stays kept."""
        return bytes(self._kept)

    def rest(self) -> bytes:
        """Return what is left, a line without its end, and keep nothing."""
        left = bytes(self._kept)
        self._kept.clear()
        self._seen = 0
        return left
