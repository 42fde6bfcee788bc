"""What the list is made of: rows with an identity that outlives a refresh, and lines of toned text."""

from collections.abc import Hashable, Mapping
from enum import IntEnum, StrEnum

from portdash.model.conflict import Conflict
from portdash.model.history import Event
from portdash.model.listener import Listener
from portdash.model.snapshot import ServiceView
from portdash.model.utilisation import Utilisation
from portdash.model.workspace import Workspace
from portdash.named_tuple import NamedTuple

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
    CURSOR = "cursor"
    """Reverse video, for a place within a line."""


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
    SOCKET = "socket"
    CONFLICT = "conflict"
    RANGE = "range"
    EVENT = "event"


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
    near: tuple[Other, ...]
    """Those from projects: what adopting on this line is about."""
    elsewhere: int
    """Listeners that the narrowed scope leaves out."""


class SystemLine(NamedTuple):
    """The line that the listeners of the system fold into."""

    others: tuple[Other, ...]


class TextLine(NamedTuple):
    """A line that only says something."""

    text: str
    tone: Tone = Tone.DIM


class Use(IntEnum):
    """What is on a port; the higher, the more it is worth knowing."""

    FREE = 0
    ASSIGNED = 1
    LISTENING = 2
    RUNNING = 3
    TROUBLE = 4


class Taken(NamedTuple):
    """One of those who are on a port that is not free."""

    port: int
    use: Use
    text: str
    """`shop/web squatted`, `node 4121`."""


class RangeLine(NamedTuple):
    """A range of ports and how full it is."""

    use: Utilisation
    taken: Mapping[int, tuple[Taken, ...]]
    """Who is on its ports, the worst first; free ones are not there."""


class EventLine(NamedTuple):
    """Something that happened, or that this dashboard said."""

    event: Event
    is_said: bool = False
    """Whether it is a toast of this dashboard, and no event of the store."""


Subject = Group | ServiceView | OthersLine | Other | SystemLine | TextLine | RangeLine | EventLine | None


class Row(NamedTuple):
    """One row of the list."""

    kind: Kind
    key: RowKey
    subject: Subject
    """What it is about. A socket's and a conflict's row is about the service or listener it belongs to."""
    is_folded: bool = False
    socket: Listener | None = None
    """The one socket that a row of the view of sockets shows."""
    conflict: Conflict | None = None
    """The one conflict that a row of the view of conflicts shows."""

    @property
    def subject_key(self) -> RowKey:
        """Identity of what it is about, the same in every view."""
        if isinstance(self.subject, ServiceView):
            return service_row_key(self.subject)
        return self.subject.key if isinstance(self.subject, Other) else self.key

    @property
    def can_be_marked(self) -> bool:
        """Whether something can be done to it together with others."""
        return isinstance(self.subject, ServiceView | Other)

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
