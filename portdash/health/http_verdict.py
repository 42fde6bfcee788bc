"""What an HTTP answer says of a service's health. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portdash.model.health import Health, HealthLevel, HealthState
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.health.checks import HttpGet
    from portdash.health.http_client import Response

_REFUSED = (401, 403)
_BUSY = 429


def http_verdict(probe: HttpGet, response: Response) -> Health:
    """Return the verdict on one answer.

    A path that nobody declared need only be answered: 4xx is the answer of a server that has nothing there. Where one
    was declared, 404 is a failure and a refusal only half an answer.
    """
    state, detail = _by_status(probe, response.status)
    if state is HealthState.HEALTHY and probe.contains is not None and probe.contains.encode() not in response.body:
        state, detail = HealthState.UNHEALTHY, f"its answer does not contain {clean(probe.contains, limit=40)}"
    return Health(state=state, level=HealthLevel.HTTP, latency_ms=response.latency_ms, detail=detail)


def _by_status(probe: HttpGet, status: int) -> tuple[HealthState, str]:
    told = f"status {status}"
    if probe.status:
        return (HealthState.HEALTHY, "") if status in probe.status else (HealthState.UNHEALTHY, told)
    if status < 400:
        return HealthState.HEALTHY, ""
    if status == _BUSY:
        return HealthState.DEGRADED, f"{told}: it has too much to do"
    if status < 500 and not probe.is_declared:
        return HealthState.HEALTHY, f"answers {status}"
    if status in _REFUSED:
        return HealthState.DEGRADED, f"{told}: it answers, and refuses us"
    return HealthState.UNHEALTHY, told


def is_doubtful(probe: HttpGet, response: Response) -> bool:
    """Whether the answer may be the page that a single-page server gives for every path."""
    return (
        response.status == 200
        and is_page(response)
        and probe.is_declared
        and probe.path.partition("?")[0] != "/"
        and probe.contains is None
        and not probe.status
    )


def is_page(response: Response) -> bool:
    """Whether it is HTML."""
    return (response.header("content-type") or "").lower().startswith("text/html")


def is_same_page(response: Response, other: Response) -> bool:
    """Whether a path that cannot exist was answered alike: same status, and a page that differs by no more than ids."""
    alike = response.body == other.body or len(response.body) == len(other.body)
    return other.status == response.status and is_page(other) and alike


def catch_all(health: Health, probe: HttpGet) -> Health:
    """Return the verdict on a server that has one page for every path."""
    return Health(
        state=HealthState.DEGRADED,
        level=HealthLevel.HTTP,
        latency_ms=health.latency_ms,
        detail=f"every path is answered with the same page: {clean(probe.path, limit=40)} tells nothing",
    )
