"""`portdash health`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from portdash.cli.context import Globals
from portdash.cli.options import json_option
from portdash.cli.output import emit, emit_json, say
from portdash.cli.parameters import read_port
from portdash.cli.service_text import qualified
from portdash.config.urls import redacted
from portdash.errors import ExitCode, UsageError
from portdash.manager.finding import find_service
from portdash.model.ports import IpProtocol
from portdash.report.scope import Scope
from portdash.report.words import service_name
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.cli.health_text import Told
    from portdash.config.services import ServiceConfig
    from portdash.health.record import Watched
    from portdash.health.unregistered import Answer
    from portdash.manager.deps import Deps
    from portdash.model.health import Health
    from portdash.model.snapshot import Snapshot


@click.command("health")
@click.argument("name", required=False)
@click.option("--all", "everywhere", is_flag=True, help="Ask the services of every workspace.")
@click.option("--verbose", "-v", is_flag=True, help="Say how each was asked.")
@click.option("--probe", metavar="PORT", callback=read_port, help="Ask whoever listens on PORT, a service or not.")
@json_option
@click.pass_obj
def command(
    options: Globals, *, name: str | None, everywhere: bool, verbose: bool, probe: int | None, as_json: bool
) -> int:
    """Ask services how they are, and say what the answer rests on.

    Without a check in the configuration a service is only asked what its server does not notice; what the kernel and
    the container's engine say is there always. One whose URL is fixed by the configuration is asked there. Exit code
    1 means that one is unhealthy or hung.
    """
    if sum((name is not None, everywhere, probe is not None)) > 1:
        raise UsageError("NAME, --all and --probe exclude each other", hint="leave all but one of them out")
    from portdash.cli.health_text import health_lines, told_json  # noqa: PLC0415  --help asks nobody

    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
        told = _probe(deps, snapshot, probe) if probe is not None else _services(deps, snapshot, name, everywhere)
    if as_json:
        emit_json({"services": [told_json(each) for each in told]})
    elif told:
        for line, tone in health_lines(told, verbose=verbose):
            emit(line, tone)
    else:
        say(
            f"nobody listens on {probe}" if probe is not None else "no services yet: `portdash allocate NAME` makes one"
        )
    if probe is not None and not told:
        return ExitCode.NO
    return ExitCode.NO if any(each.health.state.is_ill for each in told) else ExitCode.YES


def _services(deps: Deps, snapshot: Snapshot, name: str | None, everywhere: bool) -> list[Told]:
    from portdash.cli.health_text import Told  # noqa: PLC0415  see above
    from portdash.health.once import check_twice  # noqa: PLC0415  it loads asyncio, 30 ms that --help need not pay
    from portdash.health.targets import targets, without_server  # noqa: PLC0415

    fixed = [each for each in deps.config.services if each.url is not None]
    if name is not None:
        fixed = [each for each in fixed if each.name.casefold() == name.casefold()]
        if fixed:
            return _fixed(deps, fixed)
        scope = Scope(service=find_service(snapshot, name).key)
    else:
        scope = Scope(workspace=None if everywhere else snapshot.workspace)
    views = scope.services(snapshot)
    here = {view.key for view in views}
    services = {key: watched for key, watched in targets(snapshot, deps.config).items() if key in here}
    verdicts = check_twice(services, lambda: targets(deps.observer.snapshot(), deps.config))
    told = [
        Told(
            name=qualified(view, snapshot),
            port=view.port,
            health=verdicts.get(view.key) or without_server(view),
            asked=services.get(view.key),
        )
        for view in views
    ]
    return told + (_fixed(deps, fixed) if fixed else [])


def _fixed(deps: Deps, services: list[ServiceConfig]) -> list[Told]:
    """Ask the services that run where the configuration says; they have no port of this machine."""
    import asyncio  # noqa: PLC0415  30 ms that --help need not pay

    from portdash.cli.health_text import Told  # noqa: PLC0415  see above
    from portdash.health.fixed import check_fixed  # noqa: PLC0415

    urls = [deps.config.url_of(each.name) or "" for each in services]

    async def ask_all() -> list[tuple[Health, Watched | None]]:
        pairs = zip(services, urls, strict=True)
        return await asyncio.gather(*(check_fixed(url, each, deps.config.health) for each, url in pairs))

    return [
        Told(name=clean(each.name), port=None, health=health, asked=asked, what=clean(redacted(url)))
        for each, url, (health, asked) in zip(services, urls, asyncio.run(ask_all()), strict=True)
    ]


def _probe(deps: Deps, snapshot: Snapshot, port: int) -> list[Told]:
    """Ask every TCP server on a port, whosoever it is: to do so was asked for."""
    import asyncio  # noqa: PLC0415  see above

    from portdash.cli.health_text import Told  # noqa: PLC0415
    from portdash.health.unregistered import ask_stranger  # noqa: PLC0415

    listeners = [seen for seen in snapshot.listeners if seen.listener.port == port]
    listeners = [seen for seen in listeners if seen.listener.protocol is IpProtocol.TCP]

    async def ask_all() -> list[Answer]:
        now, defaults = snapshot.taken_at, deps.config.health
        return await asyncio.gather(*(ask_stranger(seen.listener, now, defaults) for seen in listeners))

    return [
        Told(
            name=service_name(seen, snapshot) if seen.is_owned else None,
            port=port,
            health=answer.health,
            asked=answer.watched,
            what=answer.fingerprint.title if answer.fingerprint else "",
        )
        for seen, answer in zip(listeners, asyncio.run(ask_all()), strict=True)
    ]
