"""What a child finds in its environment. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from portdash.config.exported import EXPORTED
from portdash.exports.variables import Variable, echoed
from portdash.model.assignment import Assignment
from portdash.model.names import variable_for
from portdash.model.ports import IpProtocol

LEASE, SERVICE, WORKSPACE = "PORTDASH_LEASE", "PORTDASH_SERVICE", "PORTDASH_WORKSPACE"
_NO_HTTP = frozenset(("database", "db", "cache", "queue", "broker", "postgres", "mysql", "mariadb", "redis", "mongodb"))
"""Types and names of services that a URL with `http` would be wrong for."""
_SECRET = frozenset(("PORTDASH_TOKEN",))
_MAY_HOLD_SECRETS = re.compile(r"PORTDASH_(STORE|CLUSTER_URL|URL_.+)")


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
    kept = {name: value for name, value in environ.items() if not _is_secret(name, value)}
    ports = {each.name: each.value for each in variables}
    urls = {url_variable(each): each.url() for each in rows if _speaks_http(each)}
    ours = echoed(environ)
    theirs = {name: value for name, value in kept.items() if ours.get(name) != value}
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
    return row.key.protocol is IpProtocol.TCP and (row.type or row.key.service).casefold() not in _NO_HTTP


def _is_secret(name: str, value: str) -> bool:
    if name in _SECRET:
        return True
    if not _MAY_HOLD_SECRETS.fullmatch(name):
        return False
    try:
        return urlsplit(value).password is not None
    except ValueError:
        return False
