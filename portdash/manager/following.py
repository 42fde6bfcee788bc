"""Letting a plan start again what portdash runs and the plan concerns."""

from dataclasses import replace
from os import getpid

from portdash.config.services import RestartOn, ServiceConfig
from portdash.manager.deps import Deps
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Action, Plan, Step
from portdash.model.snapshot import Snapshot
from portdash.planning.restarting import restarts_of_followers


def with_followers(deps: Deps, snapshot: Snapshot, plan: Plan) -> Plan:
    """Add the restart of services that are declared to follow one that moves; leave out that of our own child.

    A supervisor that looks for another port for its child starts it there itself.
    """
    more = restarts_of_followers(snapshot, plan.steps, _followers(deps))
    steps = tuple(step for step in (*plan.steps, *more) if not _is_own(snapshot, step))
    return plan if steps == plan.steps else replace(plan, steps=steps)


def _followers(deps: Deps) -> dict[ServiceKey, frozenset[str]]:
    services = (each for each in deps.config.services if each.restart_on)
    return {deps.place.key(each.name, protocol=each.spec.protocol): frozenset(_followed(each)) for each in services}


def _followed(service: ServiceConfig) -> set[str]:
    words = {each.value for each in RestartOn}
    named = {each.casefold() for each in service.restart_on if each not in words}
    return named | {each.casefold() for each in service.depends_on if RestartOn.MOVED in service.restart_on}


def _is_own(snapshot: Snapshot, step: Step) -> bool:
    lease = snapshot.leases.get(step.key) if step.key else None
    return step.action is Action.RESTART and lease is not None and lease.pid == getpid()
