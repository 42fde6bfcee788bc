"""What a start is good for when somebody asked for it: which request it answers, and where to go when it fails."""

from __future__ import annotations

from dataclasses import replace

from portdash.model.requests import Request, RequestKind
from portdash.record import record
from portdash.supervisor.orders import Ready
from portdash.text import clean

FREED_LIMIT = 10.0
"""Seconds that the port of a child that has ended may take to be free, and another service to make room."""


@record(kw_only=True)
class Errand:
    """One request on its way."""

    request: Request
    back: Ready | None
    """Where the child ran before, for a move that has not failed yet."""
    still: str = ""
    """Why the port that it left is not free, where somebody has it still."""
    trouble: str = ""
    """Why the child could not be started where it was asked to, once that is known."""

    def failed(self, why: str) -> Errand:
        """Return the way back."""
        return replace(self, back=None, still="", trouble=why)

    @property
    def leads_back(self) -> bool:
        """Whether it has failed, and the child is started where it was."""
        return bool(self.trouble)

    def done(self, ready: Ready) -> str:
        """Return the answer once the child listens."""
        name, port = clean(ready.row.name), ready.row.port
        if self.trouble:
            return f"{self.trouble}; it is back on {port}"
        verb = "is on" if self.request.kind is RequestKind.MOVE else "was started again on"
        return f"{name} {verb} {port}{f'; {self.still}' if self.still else ''}"
