"""What one server of the API was told."""

from __future__ import annotations

from typing import Protocol

from portdash.record import record


class TokenSource(Protocol):
    """Knows the token that is in force now."""

    def matches(self, presented: str) -> bool:
        """Say whether it is this one; takes the same time for every wrong one."""
        ...


@record(kw_only=True)
class Settings:
    """How one server serves."""

    token: TokenSource
    port: int | None = None
    """The TCP port of the loopback addresses; None for a server on a Unix socket alone."""
    open_read: bool = False
    """Whether lists and figures are told without the token."""
    allow_kill: bool = False
    """Whether processes may be ended."""
