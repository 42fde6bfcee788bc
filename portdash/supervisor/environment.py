"""What a child finds in its environment. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from portdash.config.exported import EXPORTED
from portdash.config.private import without_secrets
from portdash.exports.variables import Variable, echoed
from portdash.model.assignment import Assignment
from portdash.model.marks import LEASE, SERVICE, WORKSPACE
from portdash.model.names import variable_for
from portdash.model.ports import IpProtocol
from portdash.planning.frameworks import kind_of

_NO_HTTP = frozenset(("database", "db", "cache", "queue"))
"""Types, kinds and names of services that a URL with `http` would be wrong for."""


class Run(NamedTuple):
    """What one run of a service is."""

    row: Assignment
    token: str
    """Of its lease: by it, whatever the child starts can be found again."""


def child_environment(
    environ: Mapping[str, str], run: Run, rows: Iterable[Assignment], variables: Iterable[Variable]
) -> dict[str, str]:
    """Return our environment with the workspace's ports and URLs in it, and without what is nobody's business.

    A URL that the user has set stays: DATABASE_URL says more than a port does.

    `rows` are the assignments of the workspace, `variables` what it exports. PORT is the child's own; it is an echo of
    ours like the others, so that a portdash below takes none of them for an override.
    """
    row = run.row
    ports = {each.name: each.value for each in variables}
    urls = {url_variable(each): each.url() for each in rows if _speaks_http(each)}
    ours = echoed(environ)
    theirs = {name: value for name, value in without_secrets(environ).items() if ours.get(name) != value}
    own = {"PORT": str(row.port), row.spec.variable: str(row.port)}
    echo = ",".join(
        filter(None, (ports.get(EXPORTED), *(f"{name}={value}" for name, value in {**urls, **own}.items())))
    )
    marks = {LEASE: run.token, SERVICE: row.name, WORKSPACE: row.key.workspace, EXPORTED: echo}
    return {**urls, **theirs, **ports, **own, **marks}


def url_variable(row: Assignment) -> str:
    """Return the variable that holds a service's URL: WEB_URL, or what its own variable makes of it."""
    own = row.spec.variable
    name = own if own.endswith("_PORT") else variable_for(row.name)
    return f"{name.removesuffix('_PORT')}_URL"


def _speaks_http(row: Assignment) -> bool:
    words = (row.type.casefold() if row.type else None, row.key.service)
    return row.key.protocol is IpProtocol.TCP and not _NO_HTTP.intersection((*words, *map(kind_of, words)))
