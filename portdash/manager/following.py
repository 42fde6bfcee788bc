"""Letting what portdash runs start again when a service that it follows has another port."""

from dataclasses import replace
from os import getpid

from portdash.config.services import RestartOn, ServiceConfig
from portdash.errors import PortdashError
from portdash.manager.deps import Deps
from portdash.manager.requests import Question, put, requests_for
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Action, Plan, Step
from portdash.model.requests import RequestKind
from portdash.model.snapshot import Snapshot
from portdash.model.storage import Ask
from portdash.planning.restarting import moved_keys, restarts_of_followers
from portdash.text import clean


def with_followers(deps: Deps, snapshot: Snapshot, plan: Plan) -> Plan:
    """Add the restart of services that are declared to follow one that moves; leave out that of our own child.

    A supervisor that looks for another port for its child starts it there itself, and asks the followers then.
    """
    more = restarts_of_followers(snapshot, moved_keys(plan.steps), _followers(deps)) if deps.lets_follow else ()
    steps = tuple(step for step in (*plan.steps, *more) if not _is_own(snapshot, step))
    return plan if steps == plan.steps else replace(plan, steps=steps)


def ask_followers(deps: Deps, key: ServiceKey) -> tuple[str, ...]:
    """Ask who follows a service that listens elsewhere by now to start again; return what there is to say, a line each.

    Nobody's answer is waited for: who is asked says himself how that went.
    """
    try:
        steps = restarts_of_followers(deps.observer.snapshot(), (key,), _followers(deps))
    except PortdashError as error:
        return (f"warning: who follows {clean(key.service)} cannot be told: {clean(error.message)}",)
    return tuple(_ask(deps, step.key, step.reason) for step in steps if step.key is not None)


def _ask(deps: Deps, key: ServiceKey, reason: str) -> str:
    name = clean(key.service)
    try:
        put(deps, f"ask {name} to restart", map(Ask, requests_for(deps, (Question(key, RequestKind.RESTART),))))
    except PortdashError as error:
        return f"warning: {name} is not started again: {clean(error.message)}"
    return f"{name} is started again: {reason}"


def _followers(deps: Deps) -> dict[str, frozenset[str]]:
    """Return what each service follows, by names in lower case."""
    found = {each.name.casefold(): _followed(each) for each in deps.config.services if each.restart_on}
    return {name: followed for name, followed in found.items() if followed}


def _followed(service: ServiceConfig) -> frozenset[str]:
    words = {each.value for each in RestartOn}
    named = {each.casefold() for each in service.restart_on if each not in words}
    return frozenset(named | {each.casefold() for each in service.depends_on if RestartOn.MOVED in service.restart_on})


def _is_own(snapshot: Snapshot, step: Step) -> bool:
    lease = snapshot.leases.get(step.key) if step.key else None
    return step.action is Action.RESTART and lease is not None and lease.pid == getpid()
