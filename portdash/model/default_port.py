"""What a caller takes for want of an assignment."""

from portdash.model.assignment import Reason, url_of
from portdash.record import record


@record(kw_only=True)
class DefaultPort:
    """The port a service asked for first, where it could be given none. Nobody keeps it: it may be in use.

    It has the fields of an Assignment that programs read most, so that a caller who agreed to it need not tell the two
    apart; `is_assigned` does.
    """

    name: str
    """The service's name as it was written."""
    port: int
    problem: str
    """Why there is no assignment, in one sentence."""
    source: None = None
    attempts: int = 0
    reasons: tuple[Reason, ...] = ()

    @property
    def is_assigned(self) -> bool:
        """False: an Assignment's is true."""
        return False

    def url(self, scheme: str = "http") -> str:
        """Return `http://localhost:PORT`."""
        return url_of(self.port, scheme)
