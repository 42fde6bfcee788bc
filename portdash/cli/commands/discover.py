"""`portdash discover NAME`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from portdash.cli.context import Globals
from portdash.cli.options import json_option
from portdash.cli.output import Tone, emit, emit_json, warn
from portdash.cli.parameters import read_duration, read_range
from portdash.config.urls import redacted
from portdash.errors import ExitCode
from portdash.model.health import HealthState
from portdash.model.ports import PortRange
from portdash.report.redaction import mask_secrets
from portdash.report.serialise import health_json, stale_json
from portdash.text import clean, columns, plural

if TYPE_CHECKING:
    from portdash.discovery.instance import Instance

_TONES = {HealthState.HEALTHY: Tone.GOOD, HealthState.UNHEALTHY: Tone.BAD, HealthState.HUNG: Tone.BAD}


@click.command("discover")
@click.argument("name")
@click.option("--all", "every", is_flag=True, help="A line for each instance, the best first.")
@click.option(
    "--range", "ports", metavar="A-B", callback=read_range, help="Also ask listeners there that are no service."
)
@click.option("--wait", metavar="TIME", callback=read_duration, help="Wait so long for one to do well: 10s, 500ms.")
@json_option
@click.pass_obj
def command(
    options: Globals, *, name: str, every: bool, ports: PortRange | None, wait: float | None, as_json: bool
) -> int:
    """Print the URL of the healthiest instance of a service.

    Instances are the servers of the service and of its further instances (web@2), wherever they listen; with --range
    also listeners that are no service and answer as it would. The best is the healthiest, then the one that answers
    soonest. A URL that is fixed by PORTDASH_URL_NAME or the configuration is printed as it is. Where the store is on a
    Redis server, what other machines announce there counts as well, after our own. Exit code 3 means that there is no
    instance.
    """
    from portdash.discovery.finding import discover  # noqa: PLC0415  it loads asyncio; --help asks nobody

    with options.deps() as deps:
        found = discover(deps, name, ports=ports, wait=wait, every=every)
    shown = found if every else found[:1]
    if as_json:
        emit_json({"name": clean(name), "url": found[0].url, "instances": [_json(each) for each in shown]})
    elif every:
        _table(name, found)
    else:
        emit(clean(found[0].url, limit=None))
    if found[0].stale_since is not None:
        from portdash.report.words import age  # noqa: PLC0415  only while a registry is away

        ago = age(max(0.0, deps.clock.now() - found[0].stale_since))
        warn(f"the registry is away: {clean(found[0].host or '')} announced this instance {ago} ago")
    if not found[0].is_well and found[0].port is not None:
        health = found[0].health
        more = f" ({clean(mask_secrets(health.detail))})" if health.detail else ""
        warn(f"no instance of {clean(name)} does well; the best is {health.state.value}{more}")
    return ExitCode.YES


def _table(name: str, found: tuple[Instance, ...]) -> None:
    emit(f"Found {plural(len(found), f'{clean(name)} instance')}", Tone.HEADING)
    rows = [("SERVICE", "PORT", "HEALTH", "LATENCY", "PID", "WORKSPACE", "URL", "DETAIL"), *map(_row, found)]
    heading, *lines = columns(rows)
    emit(heading, Tone.HEADING)
    for line, each in zip(lines, found, strict=True):
        emit(line, _TONES.get(each.health.state, Tone.PLAIN))


def _row(each: Instance) -> tuple[str, ...]:
    latency = each.health.latency_ms
    return (
        each.service,
        str(each.port) if each.port is not None else "-",
        each.health.state.value,
        f"{latency:.1f}ms" if latency is not None else "-",
        str(each.pid) if each.pid is not None else "-",
        each.workspace or "-",
        clean(redacted(each.url), limit=None),
        f"{clean(mask_secrets(each.health.detail))}{', stale' if each.stale_since else ''}" or "-",
    )


def _json(each: Instance) -> dict[str, object]:
    return {
        "service": each.service,
        "url": each.url,
        "port": each.port,
        "health": health_json(each.health),
        "pid": each.pid,
        "workspace": each.workspace,
        "nearness": each.nearness.name.lower(),
        "host": each.host,
        "version": each.version or None,
        **stale_json(each.stale_since),
    }
