"""The Lua scripts, and the keys they work on."""

import hashlib
from functools import cache
from pathlib import Path

from portdash.record import field, record

_HERE = Path(__file__).parent


@record
class Script:
    """One script as the server knows it."""

    text: str
    digest: str = field(init=False)
    """What EVALSHA calls it by."""

    def __post_init__(self) -> None:
        digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()
        object.__setattr__(self, "digest", digest)


@cache
def script(name: str) -> Script:
    """Return the script of that name with what all begin with."""
    return Script("".join((_HERE / f"{part}.lua").read_text("utf-8") for part in ("prelude", name)))


@record
class Keys:
    """The keys of one store. All have one hash tag, so a cluster keeps them together."""

    namespace: str

    def all(self) -> tuple[str, ...]:
        """Return them in the order in which the scripts take them; the channel of the feed is the last."""
        words = (
            "meta",
            "row",
            "port",
            "lease",
            "workspace",
            "root",
            "quarantine",
            "plan",
            "request",
            "operation",
            "seen",
            "event",
        )
        return (*map(self._key, words), self.feed)

    @property
    def meta(self) -> str:
        """The hash with the revision."""
        return self._key("meta")

    @property
    def feed(self) -> str:
        """The channel on which every change is announced."""
        return self._key("feed")

    def _key(self, word: str) -> str:
        return f"portdash:{{{self.namespace}}}:{word}"
