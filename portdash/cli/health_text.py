"""Verdicts on health as lines for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from portdash.cli.output import Tone
from portdash.config.durations import show_duration
from portdash.health.record import Watched
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.report.redaction import mask_secrets
from portdash.report.serialise import health_json
from portdash.text import clean, columns

_TONES = {
    HealthState.HEALTHY: Tone.GOOD,
    HealthState.DEGRADED: Tone.WARNING,
    HealthState.STARTING: Tone.WARNING,
    HealthState.UNHEALTHY: Tone.BAD,
    HealthState.HUNG: Tone.BAD,
    HealthState.UNKNOWN: Tone.PLAIN,
}


class Told(NamedTuple):
    """One line of the answer."""

    name: str | None
    """Of the service, qualified where need be; None for a port that is no service's."""
    port: int | None
    health: Health
    asked: Watched | None = None
    """How it was asked; None where it was not."""
    what: str = ""
    """What kind of server it turned out to be; ready to show."""


def health_lines(told: Sequence[Told], *, verbose: bool) -> Iterator[tuple[str, Tone]]:
    """Yield a heading and a line each, toned by the verdict."""
    heading = ("SERVICE", "PORT", "HEALTH", "PROOF", "LATENCY", *(("ASKED",) if verbose else ()), "DETAIL")
    rows = [heading, *(_row(each, verbose=verbose) for each in told)]
    first, *lines = columns(rows)
    yield first, Tone.HEADING
    for line, each in zip(lines, told, strict=True):
        yield line, _TONES[each.health.state]


def told_json(each: Told) -> dict[str, object]:
    """Return one service of the document."""
    return {"name": each.name, "port": each.port, "health": health_json(each.health)}


def _row(each: Told, *, verbose: bool) -> tuple[str, ...]:
    health = each.health
    latency = f"{health.latency_ms:.1f}ms" if health.latency_ms is not None else "-"
    proof = "-" if health.level is HealthLevel.NONE else health.level.value
    what = "" if health.detail.startswith(each.what) else each.what  # a server may have said so itself
    detail = ": ".join(filter(None, (what, health.detail)))
    return (
        each.name or "-",
        str(each.port) if each.port is not None else "-",
        health.state.value,
        proof,
        latency,
        *((_asked(each),) if verbose else ()),
        clean(mask_secrets(detail)) or "-",
    )


def _asked(each: Told) -> str:
    """Return what was done, and how often it is while somebody watches."""
    probe = each.asked.check.probe if each.asked else None
    endpoint = each.asked.endpoint if each.asked else None
    if each.asked is None or probe is None or endpoint is None:
        return "no packet"
    check = each.asked.check
    address = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
    often = f"every {show_duration(check.interval)}, for {show_duration(check.timeout)} at most"
    return clean(f"{probe.name} at {address}:{endpoint.port}, {often}")
