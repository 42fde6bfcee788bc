"""What the poller and the widgets tell the main screen: facts that happened and things asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from textual.message import Message

if TYPE_CHECKING:
    from portdash.dashboard.rows.asked import Log, Past
    from portdash.dashboard.rows.facts import Facts
    from portdash.dashboard.rows.health_lines import Probed
    from portdash.dashboard.rows.layout import Column
    from portdash.dashboard.rows.row import Row, RowKey
    from portdash.model.snapshot import Snapshot


@runtime_checkable
class Watcher(Protocol):
    """A screen above the list that wants to know what the poller sees meanwhile."""

    def world_changed(self, snapshot: Snapshot) -> None:
        """Compare a newer snapshot with the one that is shown."""
        ...


class SnapshotTaken(Message, bubble=False):
    """The poller looked, and made what it saw ready for showing."""

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self.facts = facts


class ListenerProbed(Message):
    """A listener that is no service was asked; `error` says why nothing came of it."""

    def __init__(self, key: RowKey, port: int, probed: Probed, error: str = "") -> None:
        super().__init__()
        self.key = key
        self.port = port
        self.probed = probed
        self.error = error


class LogRead(Message):
    """Something came of the log of the service that is shown."""

    def __init__(self, key: RowKey, log: Log) -> None:
        super().__init__()
        self.key = key
        self.log = log


class PastRead(Message):
    """The events and files of a service were read, as they were at a revision of the store."""

    def __init__(self, key: RowKey, revision: int, past: Past) -> None:
        super().__init__()
        self.key = key
        self.revision = revision
        self.past = past


class LookFailed(Message):
    """The poller could not look; what was seen before is still the best there is."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__()
        self.text = text
        self.hint = hint


class CursorMoved(Message):
    """Another row is under the cursor; None where the list has no row for it."""

    def __init__(self, row: Row | None) -> None:
        super().__init__()
        self.row = row


class RowOpened(Message):
    """A row was clicked that the cursor was on already."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.row = row


class FoldRequested(Message):
    """The fold sign of a line was clicked."""

    def __init__(self, key: RowKey) -> None:
        super().__init__()
        self.key = key


class HeadClicked(Message):
    """The head of a column was clicked."""

    def __init__(self, column: Column) -> None:
        super().__init__()
        self.column = column


class BucketChosen(Message):
    """Another cell of a strip was clicked."""


class MenuRequested(Message):
    """A row was clicked with the right button: the cursor is on it."""


class CommandRequested(Message):
    """A command was chosen by mouse, palette or help."""

    def __init__(self, command_id: str) -> None:
        super().__init__()
        self.command_id = command_id
