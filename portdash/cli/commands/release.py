"""`portdash release NAME|PORT`."""

import click

from portdash.cli.carry_out import Ask, agreed, declined, must_ask, refuse_if_read_only
from portdash.cli.context import Globals
from portdash.cli.options import json_option, yes_option
from portdash.cli.output import emit_json, emit_lines, say, warn
from portdash.cli.plan_text import service_of
from portdash.errors import ExitCode, NoSuchService
from portdash.manager.apply import apply_plan
from portdash.manager.finding import find_service
from portdash.manager.plans import plan_release
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot
from portdash.report.serialise import plan_json
from portdash.text import and_list


@click.command("release")
@click.argument("name", metavar="NAME|PORT")
@yes_option
@json_option
@click.pass_obj
def command(options: Globals, *, name: str, yes: bool, as_json: bool) -> int:
    """Give the port of a service back.

    Services that inherit it are listed, and given back with it after a yes. One that portdash runs keeps its port
    until `portdash stop NAME` has ended it.
    """
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
        view = find_service(snapshot, name)
        if view.assignment is None:
            raise NoSuchService(f"{view.name} has no port to give back", hint="`portdash status` shows who has one")
        plan = plan_release(deps, snapshot, [view.key])
        refuse_if_read_only(deps, plan.title)
        children = heirs(plan, view.key, snapshot)
        asked = False
        if children and not yes:
            say(f"{and_list(children)} inherit{'s' if len(children) == 1 else ''} {view.port} from {view.name}")
            asked = must_ask(Ask.ALWAYS)
            if not agreed("Give back all of them?"):
                return declined()
        outcome = apply_plan(deps, plan, snapshot=None if asked else snapshot)
        for notice in plan.notices:
            warn(notice)
    if as_json:
        emit_json({"plan": plan_json(plan), "applied": True})
    else:
        emit_lines(outcome.lines)
    return ExitCode.YES


def heirs(plan: Plan, key: ServiceKey, snapshot: Snapshot) -> list[str]:
    """Return the names of the services that are released besides the one asked for."""
    return [service_of(step, plan, snapshot) for step in plan.steps if step.key and step.key != key]
