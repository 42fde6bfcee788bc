"""How full a range of ports is."""

from portdash.model.ports import PortRange
from portdash.record import record


@record(kw_only=True)
class Utilisation:
    """One range and what has become of its ports. A port counts once, whatever the protocol."""

    name: str
    type: str | None
    """None for the sequential search."""
    priority: int
    ports: PortRange
    assigned: int
    """Ports that a service of this machine has, in whatever workspace, environment and user."""
    listening: int
    """Ports on which somebody listens, be it a service or not."""
    used: int
    """Ports that are assigned or listened on."""
    unusable: int
    """Ports not used that no service of this type would be given: reserved, blocked, out of bounds."""
    ephemeral: PortRange | None
    """The part that the system also hands out to outgoing connections."""
    reserved: tuple[int, ...]
    """Ports of it that the system sets aside, ascending."""

    @property
    def total(self) -> int:
        """How many ports it has."""
        return len(self.ports)

    @property
    def free(self) -> int:
        """How many are left to be given."""
        return self.total - self.used - self.unusable

    @property
    def percent(self) -> float:
        """How much of it is used, in percent with one decimal: 5 of 100 are 5.0."""
        return round(100 * self.used / self.total, 1)
