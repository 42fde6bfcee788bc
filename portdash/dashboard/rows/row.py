"""What the list is made of: rows with an identity that outlives a refresh, and lines of toned text."""

from collections.abc import Hashable
from enum import StrEnum
from typing import NamedTuple

from portdash.model.listener import Listener
from portdash.model.snapshot import ServiceView
from portdash.model.workspace import Workspace

RowKey = tuple[str, Hashable]
"""Kind and identity. Two rows of two snapshots are the same row exactly when their keys are equal."""


class Tone(StrEnum):
    """What a piece of text means; the theme makes it a colour. Meaning is never in the tone alone."""

    PLAIN = "plain"
    DIM = "dim"
    BOLD = "bold"
    HEAD = "head"
    ACCENT = "accent"
    OK = "ok"
    WARN = "warn"
    BAD = "bad"


class Span(NamedTuple):
    """A piece of a line."""

    text: str
    tone: Tone = Tone.PLAIN


Line = tuple[Span, ...]


class Kind(StrEnum):
    """What a row shows."""

    GROUP = "group"
    SERVICE = "service"
    OTHERS = "others"
    HEAD = "head"
    LISTENER = "listener"
    SYSTEM = "system"
    TEXT = "text"


class Group(NamedTuple):
    """A workspace and its services."""

    workspace: Workspace
    views: tuple[ServiceView, ...]
    is_here: bool
    is_vanished: bool

    @property
    def key(self) -> RowKey:
        """Identity of its line."""
        return (Kind.GROUP, self.workspace.name)


class Other(NamedTuple):
    """One owner of one port that is no service's: its sockets on all addresses are one row."""

    listeners: tuple[Listener, ...]
    key: RowKey
    is_system: bool
    is_near: bool
    """Whether it runs in the project of a known workspace."""

    @property
    def listener(self) -> Listener:
        """The first of its sockets."""
        return self.listeners[0]

    @property
    def connections(self) -> int | None:
        """Established connections to all of its sockets, None where nobody could count."""
        counts = [each.connections for each in self.listeners if each.connections is not None]
        return sum(counts) if counts else None


class OthersLine(NamedTuple):
    """The line above the other listeners."""

    total: int
    near: int
    elsewhere: int
    """Listeners that the narrowed scope leaves out."""


class SystemLine(NamedTuple):
    """The line that the listeners of the system fold into."""

    others: tuple[Other, ...]


class TextLine(NamedTuple):
    """A line that only says something."""

    text: str
    tone: Tone = Tone.DIM


Subject = Group | ServiceView | OthersLine | Other | SystemLine | TextLine | None


class Row(NamedTuple):
    """One row of the list."""

    kind: Kind
    key: RowKey
    subject: Subject
    is_folded: bool = False

    @property
    def can_hold_cursor(self) -> bool:
        """Whether there is anything on it to act upon."""
        return self.kind not in (Kind.HEAD, Kind.TEXT)

    @property
    def is_foldable(self) -> bool:
        """Whether rows below belong to it."""
        return self.kind in (Kind.GROUP, Kind.OTHERS, Kind.SYSTEM)


OTHERS_KEY: RowKey = (Kind.OTHERS, "")
SYSTEM_KEY: RowKey = (Kind.SYSTEM, "")


def service_row_key(view: ServiceView) -> RowKey:
    """Return the identity of a service's row."""
    return (Kind.SERVICE, view.key)
