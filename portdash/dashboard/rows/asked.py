"""What details are shown of, and what they need beside a snapshot: the log, the past, the declaration of a service."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from portdash.named_tuple import NamedTuple

if TYPE_CHECKING:
    from portdash.config.show import Row as Setting
    from portdash.dashboard.rows.health_lines import Probed
    from portdash.model.history import Event


class Tab(StrEnum):
    """A leaf of the details."""

    WHY = "Why"
    LOG = "Log"
    HISTORY = "History"
    CONFIG = "Config"


class Log(NamedTuple):
    """What a service printed lately."""

    path: str
    lines: tuple[str, ...] = ()
    """The latest last, clean."""
    error: str = ""
    """Why it cannot be read."""
    is_kept: bool = True
    """Whether there is a log at all."""


class Past(NamedTuple):
    """What the store and the project's files tell of a service."""

    events: tuple[Event, ...] = ()
    """The latest first."""
    stale_files: tuple[str, ...] = ()
    """Files that portdash wrote and that do not say what the store does now."""
    files: tuple[str, ...] = ()
    """Those that do."""
    readers: tuple[str, ...] = ()
    """Running services that depend on it and were started before it got its port."""
    error: str = ""
    """Why nothing could be read."""


class Asked(NamedTuple):
    """What was asked for a row, as far as it has come; None is what is still awaited."""

    probed: Probed | None = None
    log: Log | None = None
    past: Past | None = None
    settings: tuple[Setting, ...] = ()
    """What the configuration declares of it, each value with its origin."""


NOTHING_ASKED = Asked()
