"""`portdash free PORT`."""

import os

import click

from portdash.cli.carry_out import Ask, agreed, declined, must_ask, refuse_if_read_only
from portdash.cli.context import Globals
from portdash.cli.holders import Holding, assigned_text, look_at, port_text
from portdash.cli.options import dry_run_option, json_option, yes_option
from portdash.cli.output import emit, emit_json, emit_lines, say
from portdash.cli.parameters import read_slot
from portdash.cli.plan_text import after_lines, plan_lines
from portdash.errors import ExitCode, Refused
from portdash.manager.apply import apply_plan
from portdash.manager.deps import Deps
from portdash.manager.freeing import plan_free
from portdash.model.ending import Allowance
from portdash.model.listener import Process
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot
from portdash.report.serialise import plan_json
from portdash.text import clean


@click.command("free")
@click.argument("port", metavar="PORT[/udp]")
@yes_option
@click.option("--force", is_flag=True, help="Kill who has not ended when asked; it saves nothing then.")
@click.option("--other-user", is_flag=True, help="End processes of other users, too; for an administrator.")
@click.option("--i-know", is_flag=True, help="End a database as any other process.")
@dry_run_option
@json_option
@click.pass_obj
def command(
    options: Globals,
    *,
    port: str,
    yes: bool,
    force: bool,
    other_user: bool,
    i_know: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """End who holds a port, and prove it free.

    Shows the processes that end, and asks; without a terminal --yes has to agree. They are asked to end and get five
    seconds, a database ten. Containers, units and what a supervisor keeps running are stopped by their own tool. Exit
    code 0 means freed, or free already; 1 declined; 6 refused, and then nothing was ended unless that is said.
    """
    number, protocol = read_slot(port)
    allows = _allows(force=force, other_user=other_user, i_know=i_know)
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
        holding = look_at(deps, snapshot, number, protocol)
        plan = plan_free(deps, snapshot, number, protocol, allows=allows)
        if not plan.steps:
            return _nobody(holding, snapshot, plan, as_json=as_json)
        if not as_json:
            emit_lines(plan_lines(plan, snapshot))
            emit_lines(after_lines(deps, snapshot, plan))
        if dry_run:
            if as_json:
                _emit(holding, plan, lines=(), free=False, applied=False)
            return ExitCode.YES
        return _free(deps, snapshot, holding, plan, yes=yes, as_json=as_json)


def _allows(*, force: bool, other_user: bool, i_know: bool) -> frozenset[Allowance]:
    """Return what was agreed to by name. Raises Refused where it takes an administrator."""
    if other_user and hasattr(os, "geteuid") and os.geteuid() != 0:
        raise Refused("only an administrator ends processes of other users", hint="run it with sudo")
    given = {Allowance.KILL: force, Allowance.OTHER_USER: other_user, Allowance.DATA: i_know}
    return frozenset(each for each, is_given in given.items() if is_given)


def _nobody(holding: Holding, snapshot: Snapshot, plan: Plan, *, as_json: bool) -> int:
    """Say that nobody listens. Raises Refused when the system refuses the port all the same."""
    name = port_text(holding)
    if holding.refusal is not None:
        raise Refused(
            f"nobody listens on {name}, and the system refuses it all the same: {holding.refusal}",
            hint="a connection that goes out from it, or a socket that is bound and does not listen, ends by itself",
        )
    if as_json:
        _emit(holding, plan, lines=(), free=True, applied=False)
    else:
        emit(f"{name} is free already{assigned_text(holding, snapshot)}")
    return ExitCode.YES


def _free(deps: Deps, snapshot: Snapshot, holding: Holding, plan: Plan, *, yes: bool, as_json: bool) -> int:
    refuse_if_read_only(deps, plan.title)
    asked = must_ask(Ask.NEVER if yes else Ask.ALWAYS)
    if asked and not agreed(f"Free {port_text(holding)}?"):
        return declined()
    outcome = apply_plan(deps, plan, snapshot=None if asked else snapshot, consent=True, progress=_say_what_begins)
    if as_json:
        _emit(holding, plan, lines=outcome.lines, free=True, applied=True)
    else:
        emit_lines(outcome.lines)
    return ExitCode.YES


def _say_what_begins(line: str) -> None:
    """Say what takes a moment; how it went is in the outcome."""
    if line.endswith("…"):
        say(line)


def _emit(holding: Holding, plan: Plan, *, lines: tuple[str, ...], free: bool, applied: bool) -> None:
    """Write the document: whether the port is free by now, what ends or ended, and how that went."""
    targets = [step.target for step in plan.steps if step.target]
    emit_json(
        {
            "port": holding.port,
            "protocol": holding.protocol.value,
            "free": free,
            "plan": plan_json(plan),
            "applied": applied,
            "ends": [_ended(each, target.holding) for target in targets for each in target.group],
            "lines": list(lines),
        }
    )


def _ended(process: Process, holding: tuple[int, ...]) -> dict[str, object]:
    return {
        "pid": process.pid,
        "process": clean(process.name) if process.name else None,
        "parent": process.parent,
        "listens": process.pid in holding,
    }
