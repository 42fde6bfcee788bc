"""Where intent and reality disagree."""

from enum import StrEnum

from portdash.model.assignment import ServiceKey
from portdash.model.ports import IpProtocol
from portdash.record import record


class ConflictKind(StrEnum):
    """What kind of disagreement it is."""

    SQUATTED = "squatted"
    """The port is held by a foreign or unknown listener."""
    DUPLICATE = "duplicate"
    """Two services have one port."""
    MISPLACED = "misplaced"
    """The service runs, but on another port."""
    MUTUAL = "mutual"
    """Two services that must not share a port do."""
    SHADOWED = "shadowed"
    """Another server answers on part of localhost."""
    OUT_OF_RANGE = "out_of_range"
    FORBIDDEN = "forbidden"
    """Excluded, reserved by the system, or blocked by browsers."""
    CONTESTED = "contested"
    """Two services of one workspace prefer one port; looked for only when asked."""

    @property
    def is_notice(self) -> bool:
        """Whether it is merely worth knowing: it never counts as trouble and never fails a command."""
        return self in (ConflictKind.OUT_OF_RANGE, ConflictKind.FORBIDDEN)


@record(kw_only=True)
class Conflict:
    """One disagreement, from the side of the service that suffers it."""

    kind: ConflictKind
    key: ServiceKey
    name: str
    """The service's name as it was written."""
    port: int
    protocol: IpProtocol = IpProtocol.TCP
    holder: str | None = None
    """Who is in the way: `node 4121 (shop@fix-login)`."""
    detail: str = ""
    """One sentence for people."""
