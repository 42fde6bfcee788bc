"""From the assignments of one workspace to the variables that it exports."""

import re
from collections.abc import Iterable, Mapping, Sequence

from portdash.config.exported import EXPORTED, check_variable
from portdash.errors import UsageError
from portdash.model.assignment import Assignment
from portdash.model.ports import IpProtocol
from portdash.record import record
from portdash.text import clean

BASE_PORT, NEXT_PORT, API_TARGET = "BASE_PORT", "NEXT_PORT", "API_TARGET"
_NAME = re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)
_VALUE = re.compile(r"[A-Za-z0-9_=,:/.]*", re.ASCII)
"""All that ports, URLs on localhost and `NAME=port,NAME=port` need; nothing that a shell takes for more than text."""


@record
class Variable:
    """One variable as it is exported. Raises ValueError for a name or value that some shell would not take as it is."""

    name: str
    value: str
    service: str | None = None
    """The service whose port it is."""

    def __post_init__(self) -> None:
        if not (_NAME.fullmatch(self.name) and _VALUE.fullmatch(self.value)):
            raise ValueError(f"{self.name!r} = {self.value!r} cannot be exported")


def port_variables(rows: Iterable[Assignment], *, base_port: int, next_port: int | None = None) -> tuple[Variable, ...]:
    """Return BASE_PORT, NEXT_PORT and one variable a service, by port.

    A service in both protocols is one, and its TCP port counts. A service that is called `base` or `next` has its
    variable for itself. Raises UsageError where two services share one, or one may not be exported.
    """
    services = _services(rows)
    general = [Variable(BASE_PORT, str(base_port))]
    if next_port is not None:
        general.append(Variable(NEXT_PORT, str(next_port)))
    return (*(each for each in general if each.name not in services), *services.values())


def all_variables(rows: Iterable[Assignment], *, base_port: int, next_port: int | None = None) -> tuple[Variable, ...]:
    """Return all that goes to files and shells: the ports, the URL of the API if there is one, and our own echo.

    The echo, PORTDASH_EXPORTED, lists each service's variable with its value: who finds a variable with that very value
    in the environment knows that nobody has set it on purpose.
    """
    kept = tuple(rows)
    ports = port_variables(kept, base_port=base_port, next_port=next_port)
    target = api_service(kept)
    more = [Variable(API_TARGET, target.url())] if target else []
    echo = ",".join(f"{each.name}={each.value}" for each in ports if each.service)
    return (*ports, *more, *([Variable(EXPORTED, echo)] if echo else []))


def api_service(rows: Sequence[Assignment]) -> Assignment | None:
    """Return the service that API_TARGET means: the one called `api`, else `api-server` in any spelling, else none."""
    named = {row.key.service: row for row in rows if row.key.protocol is IpProtocol.TCP}
    servers = (row for name, row in sorted(named.items()) if re.sub(r"[-._]", "", name) == "apiserver")
    return named.get("api") or next(servers, None)


def echoed(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that an earlier export of ours put into an environment, with the values it gave them."""
    pairs = (entry.partition("=") for entry in environ.get(EXPORTED, "").split(","))
    return {name: value for name, equals, value in pairs if equals and _NAME.fullmatch(name)}


def _services(rows: Iterable[Assignment]) -> dict[str, Variable]:
    found: dict[str, Variable] = {}
    for row in sorted(rows, key=lambda row: (row.key.protocol is not IpProtocol.TCP, row.port, row.key)):
        name = row.spec.variable
        if row.spec.env is not None:
            check_variable(row.spec.env)
        other = found.setdefault(name, Variable(name, str(row.port), row.name))
        if other.service is not None and other.service.casefold() != row.key.service:
            raise UsageError(
                f"{clean(other.service)} and {clean(row.name)} would both be exported as {clean(name)}",
                hint="give one of them a variable of its own: `--env NAME_PORT`, or `env` in portdash.toml",
            )
    return found
