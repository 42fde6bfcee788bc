"""Assignments in a few words, for the tests of what is exported."""

from portdash.model.assignment import Assignment, ServiceKey, ServiceSpec, Source
from portdash.model.ports import IpProtocol


def row(name: str, port: int, *, protocol: IpProtocol = IpProtocol.TCP, env: str | None = None) -> Assignment:
    """Return the row of a service that has a port."""
    return Assignment(
        key=ServiceKey("here", "dev", "shop", "development", name.casefold(), protocol),
        spec=ServiceSpec(name=name, protocol=protocol, env=env),
        port=port,
        source=Source.SEQUENTIAL,
    )


CLASSIC = tuple(
    row(name, port)
    for port, name in enumerate(
        ("http-server", "postgres", "mongo", "redis", "elasticsearch", "grafana", "prometheus"), start=4000
    )
)
