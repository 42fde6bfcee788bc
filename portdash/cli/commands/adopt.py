"""`portdash adopt PORT…`."""

import click

from portdash.cli.carry_out import refuse_if_read_only
from portdash.cli.context import Globals
from portdash.cli.options import json_option
from portdash.cli.output import emit, emit_json
from portdash.cli.parameters import read_slot
from portdash.cli.plan_text import service_of
from portdash.errors import ExitCode, NoSuchService, PlanUnresolved, UsageError
from portdash.manager.adopting import plan_adopt
from portdash.manager.apply import apply_plan
from portdash.model.listener import Listener
from portdash.model.names import check_service
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import Snapshot
from portdash.report.serialise import service_json


@click.command("adopt")
@click.argument("ports", nargs=-1, required=True, metavar="PORT...")
@click.option("--name", metavar="N", help="Call the service so, instead of after what is seen.")
@json_option
@click.pass_obj
def command(options: Globals, *, ports: tuple[str, ...], name: str | None, as_json: bool) -> int:
    """Make a listener a service of the project it runs in.

    Its name, type and project come from what is seen; its port is the one it listens on.
    """
    slots = [read_slot(port) for port in ports]
    if name is not None:
        check_service(name)
        if len(slots) > 1:
            raise UsageError("--name can name one listener", hint="adopt the others by a command of their own")
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
        listeners = [_listener(snapshot, port, protocol) for port, protocol in dict.fromkeys(slots)]
        plan = plan_adopt(deps, snapshot, listeners, names=[name] if name else ())
        if plan.is_stuck:
            raise PlanUnresolved("; ".join(left.text for left in plan.unresolved if left.asked))
        refuse_if_read_only(deps, plan.title)
        apply_plan(deps, plan, snapshot=snapshot)
        after = deps.observer.snapshot()
    keys = {step.key for step in plan.steps}
    views = [view for view in after.services if view.key in keys]
    if as_json:
        emit_json({"assignments": [service_json(view, after) for view in views]})
        return ExitCode.YES
    for step in plan.steps:
        emit(f"{service_of(step, plan, after)} {step.to_port}")
    return ExitCode.YES


def _listener(snapshot: Snapshot, port: int, protocol: IpProtocol) -> Listener:
    """Return the listener on a port, one whose project is known before others. Raises NoSuchService."""
    here = [
        each.listener for each in snapshot.listeners if (each.listener.port, each.listener.protocol) == (port, protocol)
    ]
    if not here:
        raise NoSuchService(f"nobody listens on {port}/{protocol}", hint="`portdash ls` shows every listener")
    return min(here, key=lambda listener: (listener.project is None, listener.owner is None))
