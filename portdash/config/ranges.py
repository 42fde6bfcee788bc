"""The default range profile: which ports are set aside for which type of service."""

from collections.abc import Iterable

from portdash.config.problems import suggestion
from portdash.model.policy import TypeRange
from portdash.model.ports import PortRange
from portdash.text import clean

DEFAULT_RANGES = (
    TypeRange("system-db", PortRange(5000, 5999), "database", 1),
    TypeRange("system-cache", PortRange(6000, 6999), "cache", 1),
    TypeRange("system-monitoring", PortRange(7000, 7999), "monitoring", 1),
    TypeRange("api-gateway", PortRange(8000, 8099), "gateway", 2),
    TypeRange("microservices", PortRange(8100, 8299), "microservice", 2),
    TypeRange("ml-services", PortRange(8300, 8499), "ml", 2),
    TypeRange("bridge-services", PortRange(8500, 8699), "bridge", 2),
    TypeRange("development", PortRange(9000, 9499), "development", 3),
    TypeRange("testing", PortRange(9500, 9999), "testing", 3),
    TypeRange("dynamic-pool", PortRange(10000, 11999), "dynamic", 4),
)
"""All below the port numbers that systems hand out to outgoing connections."""


def without_range(kind: str, ranges: Iterable[TypeRange]) -> str | None:
    """Return what to say of a type that no range is set aside for, None when one is: `no range ...; did you mean ml?`.

    A service of such a type is searched for in the dynamic pool. Case does not count.
    """
    types = sorted({each.type for each in ranges})
    if kind.casefold() in (each.casefold() for each in types):
        return None
    hint = suggestion(kind, types, what="there are ranges for")
    said = f"no range is set aside for the type {clean(kind)}, which leaves the dynamic pool"
    return f"{said}; {hint}" if hint else said
