"""What a machine tells the others, again and again, of one instance that runs on it."""

from portdash.record import record


@record(kw_only=True)
class Heartbeat:
    """One instance. What others wrote: nothing in it is to be believed before it was checked."""

    host: str
    """Random id of the machine."""
    label: str
    """Its name, for people."""
    address: str
    """Numeric address at which other machines reach it."""
    port: int
    service: str
    workspace: str
    environment: str
    health: str
    """Word of a `HealthState`."""
    version: str = ""
    """Of the service, as whoever announces it says."""
