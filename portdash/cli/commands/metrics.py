"""`portdash metrics [NAME]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from portdash.cli.context import Globals
from portdash.cli.options import json_option
from portdash.cli.output import Tone, emit, emit_json, say
from portdash.cli.parameters import read_range
from portdash.config.urls import redacted
from portdash.errors import ExitCode
from portdash.model.ports import PortRange
from portdash.report.redaction import mask_secrets
from portdash.report.serialise import health_json
from portdash.text import clean, columns, plural

if TYPE_CHECKING:
    from portdash.discovery.measuring import Measured, ServiceFigures, Spread

_HEADING = ("SERVICE", "PORT", "HEALTH", "AVAILABLE", "AVG", "P50", "P95", "P99", "URL")


@click.command("metrics")
@click.argument("name", required=False)
@click.option("--count", "-n", type=click.IntRange(1, 1000), default=10, show_default=True, help="Looks to take.")
@click.option(
    "--range", "ports", metavar="A-B", callback=read_range, help="Also ask listeners there that are no service."
)
@json_option
@click.pass_obj
def command(options: Globals, *, name: str | None, count: int, ports: PortRange | None, as_json: bool) -> int:
    """Measure services: how soon they are found, how soon they answer, and how often.

    Without NAME it is every service of this workspace. The instances are looked for several times, and those that are
    asked how they do are asked each time. AVAILABLE is the share of looks at which one did well; times are those of its
    answers. Where the store is on a Redis server, what other machines announce there counts as well. Exit code 3 means
    that there is no instance of NAME.
    """
    from portdash.discovery.finding import nothing  # noqa: PLC0415  it loads asyncio; --help asks nobody
    from portdash.discovery.measuring import measure, services_here  # noqa: PLC0415  see above

    with options.deps() as deps:
        names = (name,) if name is not None else services_here(deps)
        figures = [measure(deps, each, looks=count, ports=ports) for each in names]
    figures = [each for each in figures if each.instances]
    if name is not None and not figures:
        raise nothing(name, ("nobody listens for it",))
    if as_json:
        emit_json({"services": [_json(each) for each in figures]})
    elif figures:
        for each in figures:
            _table(each)
    else:
        say("no service of this workspace has an instance: `portdash run NAME -- COMMAND` starts one")
    return ExitCode.YES


def _table(figures: ServiceFigures) -> None:
    name, found = clean(figures.name), figures.discovery
    count = plural(len(figures.instances), f"{name} instance")
    emit(f"Found {count} in {found.p50:.1f}ms (p95 {found.p95:.1f}ms, {plural(figures.looks, 'look')})", Tone.HEADING)
    heading, *lines = columns([_HEADING, *(_row(each, figures.looks) for each in figures.instances)])
    emit(heading, Tone.HEADING)
    for line, each in zip(lines, figures.instances, strict=True):
        emit(line, Tone.PLAIN if each.well == figures.looks else Tone.BAD)


def _row(each: Measured, looks: int) -> tuple[str, ...]:
    instance, spread = each.instance, each.latency
    times = [f"{value:.1f}ms" for value in _spread_json(spread).values()] if spread else ["-"] * 4
    return (
        clean(instance.service),
        str(instance.port) if instance.port is not None else "-",
        instance.health.state.value,
        f"{100 * each.well / looks:.1f}%",
        *times,
        clean(redacted(instance.url), limit=None),
    )


def _json(figures: ServiceFigures) -> dict[str, object]:
    return {
        "name": clean(figures.name),
        "looks": figures.looks,
        "instances_found": len(figures.instances),
        "availability": round(figures.availability, 4),
        "discovery_ms": _spread_json(figures.discovery),
        "instances": [
            {
                "service": clean(each.instance.service),
                "url": clean(mask_secrets(redacted(each.instance.url)), limit=None),
                "port": each.instance.port,
                "health": health_json(each.instance.health),
                "availability": round(each.well / figures.looks, 4),
                "latency_ms": _spread_json(each.latency) if each.latency else None,
            }
            for each in figures.instances
        ],
    }


def _spread_json(spread: Spread) -> dict[str, float]:
    times = {"avg": spread.avg, "p50": spread.p50, "p95": spread.p95, "p99": spread.p99}
    return {name: round(milliseconds, 3) for name, milliseconds in times.items()}
