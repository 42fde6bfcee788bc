"""Which row an answer fits. Pure."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from portdash.health.fingerprints.table import BANNERS, ROWS, VITE_PING, Row
from portdash.health.http_client import Response
from portdash.model.fingerprint import Fingerprint
from portdash.model.server_kinds import TITLES
from portdash.text import clean

_LONGEST_NAME = 60
_SHOWN = re.compile(r"[0-9]+(?:\.[0-9]+)?")


class Found(NamedTuple):
    """What an answer says. Its text is foreign."""

    kind: str
    version: str | None = None
    name: str | None = None
    """What the service calls itself."""
    facts: tuple[str, ...] = ()
    """What was seen, in a few words each, the decisive one first."""


def rows_for(question: tuple[str, str]) -> tuple[Row, ...]:
    """Return the rows that the answer to one question may fit; those of GET / do whatever was accepted."""
    path, accept = question
    return tuple(row for row in ROWS if row.path == path and row.accept in (accept, "*/*"))


def match(response: Response, rows: Iterable[Row]) -> Found | None:
    """Return what the first row that fits makes of an answer, None where none does."""
    body = response.body.decode("utf-8", "replace")
    for row in rows:
        groups = _fits(row, response, body)
        if groups is not None:
            name = " ".join(filter(None, (groups.get("name"), groups.get("release"))))
            return Found(row.kind, groups.get("version"), name or None, (_fact(row, response),))
    return None


def match_banner(data: bytes) -> Found | None:
    """Return what the first bytes that a server says make it, None where they say nothing to us."""
    for banner in BANNERS:
        if found := banner.pattern.match(data):
            version = found.groupdict().get("version")
            text = version.decode("utf-8", "replace") if version else None
            return Found(banner.kind, text, None, ("its greeting",))
    return None


def fingerprint(found: Found) -> Fingerprint:
    """Return a finding as it is shown: `Vite 8.3`, `FastAPI: Orders API 1.2.3`."""
    title = TITLES[found.kind]
    short = _SHOWN.match(found.version) if found.version else None
    if short:
        title = f"{title} {short[0]}"
    if found.name:
        name = clean(" ".join(found.name.split()), limit=_LONGEST_NAME)
        title = f"{title}: {name}" if name else title
    return Fingerprint(
        kind=found.kind,
        title=title,
        version=clean(found.version, limit=40) if found.version else None,
        evidence=tuple(map(clean, found.facts)),
    )


def _fits(row: Row, response: Response, body: str) -> dict[str, str | None] | None:
    """Return the groups that a fitting answer has; None for one that does not fit."""
    if row.status is not None and response.status != row.status:
        return None
    found: dict[str, str | None] = {}
    if row.header is not None:
        value = response.header(row.header)
        if value is None:
            return None
        seen = row.value.search(value) if row.value else None
        if row.value and not seen:
            return None
        found |= seen.groupdict() if seen else {}
    if row.body is not None:
        seen = row.body.search(body)
        if not seen:
            return None
        found |= seen.groupdict()
    return found


def _fact(row: Row, response: Response) -> str:
    """Return what gave it away: `GET /openapi.json is answered 200`, `GET / is answered Server: nginx/1.22.1`."""
    asked = "Vite's ping" if row.accept == VITE_PING else f"GET {row.path}"
    if row.header is not None and row.accept != VITE_PING:
        return f"{asked} is answered {row.header.title()}: {response.header(row.header)}"
    return f"{asked} is answered {response.status}"
