"""Finding the instances of a service on this machine, now or as soon as there is one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from portdash.config.paths import state_dir
from portdash.discovery.asking import Question, Wanted, ask_all, ask_loose, ask_own, run_apart
from portdash.discovery.candidates import Candidate, Spot, loose_listeners, own_servers, views_of
from portdash.discovery.cluster import Cluster, store_registry
from portdash.discovery.instance import Instance, Nearness, ranked
from portdash.discovery.listed import fixed
from portdash.errors import NoInstances
from portdash.health.looks import identity_of
from portdash.health.once import APART, hung
from portdash.manager.endpoints import fixed_url, url_at
from portdash.manager.finding import workspace_named
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.names import base_name
from portdash.planning.wording import holders_text
from portdash.record import record
from portdash.text import clean, plural

if TYPE_CHECKING:
    from portdash.health.record import Watched
    from portdash.manager.deps import Deps
    from portdash.model.ports import PortRange
    from portdash.model.snapshot import ServiceView, Snapshot

LOG = logging.getLogger("portdash.discovery")
"""Who is told what was looked at, unless the caller has a logger of his own."""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
"""Seconds between two looks while an instance is waited for."""


@record(kw_only=True)
class Looked:
    """What came of one look."""

    instances: tuple[Instance, ...]
    """The best first."""
    reasons: tuple[str, ...] = ()
    """Where there is none: what was looked at, ready to show."""


def discover(
    deps: Deps, name: str, *, ports: PortRange | None = None, wait: float | None = None, every: bool = False
) -> tuple[Instance, ...]:
    """Return the instances of a service, the best first.

    A URL that is fixed by a variable or the configuration is the only one, and nobody looks; it counts for a service of
    our own workspace alone. Of a cluster that the configuration names all are asked. `ports` is where listeners that
    are no service are asked as well. `wait` is how many seconds there are for one to do well. Without `every` the first
    is all that counts, and who is slow is not waited for. Raises NoInstances, InvalidName, StoreError.
    """
    if url := fixed_url(deps, name):
        return (fixed(name.rpartition("/")[2], url),)
    with ExitStack() as stack:
        cluster = cluster_of(deps, name)
        if cluster is not None:
            stack.enter_context(closing(cluster))
        found = seek_everywhere(deps, name, cluster, ports=ports, wait=wait, every=every)
    if not found.instances:
        raise nothing(name, found.reasons, wait)
    LOG.info("Found %s", plural(len(found.instances), f"{clean(name)} instance"))
    return found.instances


def cluster_of(deps: Deps, name: str) -> Cluster | None:
    """Return where a service has instances beyond this machine, by the configuration or the store; None for nowhere.

    Nobody is asked yet. Close it when done.
    """
    urls, registry = deps.config.discovery.cluster, store_registry(deps.config)
    beyond = urls or ((registry,) if registry else ())
    if not beyond:
        return None
    where, _, bare = name.rpartition("/")
    workspace = workspace_named(deps.held.workspaces if deps.held else (), where) if where else None
    return Cluster(bare, beyond, deps.config, state_dir=state_dir(deps.environ, Path.home()), workspace=workspace)


def seek_everywhere(
    deps: Deps,
    name: str,
    cluster: Cluster | None,
    *,
    ports: PortRange | None = None,
    wait: float | None = None,
    every: bool = False,
) -> Looked:
    """Look on this machine and in a cluster, or in that alone where the configuration names one. Raises as `seek`."""
    is_all = bool(deps.config.discovery.cluster)
    here = Looked(instances=()) if is_all else seek(deps, name, ports=ports, wait=wait, every=every)
    if cluster is None:
        return here
    there = cluster.look() if is_all else cluster.look_beside(deps.place)
    reasons = (*here.reasons, "no other machine has one")
    return Looked(instances=ranked((*here.instances, *there)), reasons=reasons)


def seek(
    deps: Deps,
    name: str,
    *,
    ports: PortRange | None = None,
    wait: float | None = None,
    every: bool = False,
    only_here: bool = False,
    log: logging.Logger = LOG,
) -> Looked:
    """Look on this machine, until one does well or the seconds to `wait` are over. Raises InvalidName, StoreError.

    `only_here` leaves out what runs in another project and is no service.
    """
    ports = ports or deps.config.discovery.range
    until = time.monotonic() + (wait or 0.0)
    pause, places = FIRST_PAUSE, frozenset[str]()
    while True:
        found = run_apart(look(deps, name, ports=ports, every=every, only_here=only_here, log=log))
        left = until - time.monotonic()
        if left <= 0 or any(each.is_well for each in found.instances):
            return found
        now = frozenset(each.url for each in found.instances)
        pause = min(pause * 1.5, LONGEST_PAUSE) if now == places else FIRST_PAUSE
        places = now
        time.sleep(min(pause, left))


async def look(
    deps: Deps,
    name: str,
    *,
    ports: PortRange | None,
    every: bool,
    only_here: bool = False,
    log: logging.Logger = LOG,
) -> Looked:
    """Return the instances that there are now; `log` is told of each that was looked at."""
    return await _look_in(deps.observer.snapshot(), deps, name, ports=ports, every=every, only_here=only_here, log=log)


async def _look_in(
    snapshot: Snapshot,
    deps: Deps,
    name: str,
    *,
    ports: PortRange | None,
    every: bool,
    only_here: bool = False,
    log: logging.Logger = LOG,
) -> Looked:
    config = deps.config
    views = views_of(snapshot, name)
    bare = base_name(views[0].name if views else name.rpartition("/")[2])
    own = tuple(own_servers(snapshot, config, views))
    where = _workspace(snapshot, name)
    loose = tuple(loose_listeners(snapshot, ports, bare, workspace=where, known=own)) if ports else ()
    if only_here:
        loose = tuple(each for each in loose if each.nearness is not Nearness.OTHER_PROJECT)
    is_here = where == snapshot.workspace
    wanted = Wanted.of(bare, config.service(bare) if is_here else None, views[0].spec if views else None)
    asked = {each.place: each.asked for each in own if each.asked is not None}
    questions: dict[Spot, Question] = {place: partial(ask_own, how) for place, how in asked.items()}
    for each in loose:
        questions[each.place] = partial(ask_loose, each, wanted, now=snapshot.taken_at, defaults=config.health)
    answers = await ask_all(questions, timeout=config.discovery.timeout, one_is_enough=not every)
    if any(how.look.queue for how in asked.values()):
        answers |= await _second_look(deps, name, asked)
    found = ranked(_instances((*own, *loose), answers, config.discovery.timeout, log))
    reasons = [*(_reasons(views) if views else _unknown(snapshot, where, bare))]
    if ports:
        reasons.append(f"of {plural(len(loose), 'other listener')} in {ports} none answered as one")
    if late := sum(each.place not in answers for each in loose):
        seconds = f"{config.discovery.timeout:g} s"
        reasons.append(f"{late} of them had not answered within {seconds}, which [discovery] timeout can raise")
    return Looked(instances=found, reasons=tuple(reasons))


def look_at_all(deps: Deps, *, ports: PortRange | None = None) -> tuple[Instance, ...]:
    """Return the instances of every service of this workspace, by name, the best of each first; from one snapshot."""
    snapshot = deps.observer.snapshot()
    here = {base_name(view.key.service) for view in snapshot.services if view.key.workspace == snapshot.workspace}

    async def look_for_all() -> list[Looked]:
        return await asyncio.gather(*(_look_in(snapshot, deps, name, ports=ports, every=True) for name in sorted(here)))

    return tuple(instance for looked in run_apart(look_for_all()) for instance in looked.instances)


async def _second_look(deps: Deps, name: str, before: dict[Spot, Watched]) -> dict[Spot, Health]:
    """Return the verdict on those whose connections still wait to be accepted a moment later."""
    await asyncio.sleep(APART)
    snapshot = deps.observer.snapshot()
    again = own_servers(snapshot, deps.config, views_of(snapshot, name))
    return hung(before, {each.place: each.asked for each in again if each.asked is not None})


def _instances(
    candidates: Iterable[Candidate], answers: Mapping[Spot, Health | None], timeout: float, log: logging.Logger
) -> Iterator[Instance]:
    mute = Health(
        state=HealthState.UNHEALTHY,
        level=HealthLevel.NONE,
        detail=f"no answer within {timeout:g} s, [discovery] timeout",
    )
    for candidate in candidates:
        health = answers.get(candidate.place, mute if candidate.is_ours else None)
        listener = candidate.listener
        verdict = f"{health.state.value} {health.detail}".strip() if health else "not an instance"
        log.debug("%s on port %d: %s", clean(candidate.service), listener.port, clean(verdict))
        # Of a server that nobody knows to be the service's, only a good answer says that it is.
        if health is None or not (candidate.is_ours or health.state is HealthState.HEALTHY):
            continue
        server = listener.server
        yield Instance(
            service=clean(candidate.service),
            url=url_at(listener),
            health=health,
            port=listener.port,
            pid=server.pid if server else None,
            workspace=clean(candidate.workspace) if candidate.workspace else None,
            nearness=candidate.nearness,
            identity=identity_of(listener),
        )


def _workspace(snapshot: Snapshot, name: str) -> str:
    where, slash, _ = name.rpartition("/")
    return workspace_named(snapshot.workspaces, where) if slash else snapshot.workspace


def _reasons(views: tuple[ServiceView, ...]) -> Iterator[str]:
    for view in views:
        if view.port is None:
            yield f"{clean(view.name)} has no port"
        elif view.listeners:
            yield f"port {view.port} of {clean(view.name)} is held by {holders_text(view.listeners)}"
        else:
            yield f"nobody listens on port {view.port} of {clean(view.name)}"


def _unknown(snapshot: Snapshot, where: str, name: str) -> Iterator[str]:
    from portdash.config.problems import nearest  # noqa: PLC0415  only for who mistypes

    near = nearest(name, [view.name for view in snapshot.services if view.key.workspace == where])
    yield f"no service has that name{f', did you mean {clean(near)}?' if near else ''}"


def nothing(name: str, reasons: tuple[str, ...], wait: float | None = None) -> NoInstances:
    """Return the error that says where no instance was found."""
    waited = f" within {wait:g} s" if wait else ""
    return NoInstances(
        f"no instance of {clean(name)} was found{waited}: {'; '.join(reasons)}",
        hint=f"`portdash run {clean(name)} -- COMMAND` starts one; --wait 10s waits, --range A-B looks further",
    )
