"""`portdash resolve [NAME]`."""

import click

from portdash.cli.carry_out import Ask, carry_out
from portdash.cli.context import Globals
from portdash.cli.options import dry_run_option, json_option, strategy_option, yes_option
from portdash.manager.allocate import draft
from portdash.manager.deps import Deps
from portdash.manager.finding import find_service
from portdash.manager.plans import plan_resolve
from portdash.model.plan import Plan, Strategy
from portdash.model.snapshot import Snapshot

WAYS_OUT = {
    Strategy.CONSERVATIVE: "it moves nothing that exists; with `--strategy minimal` the service itself may move",
    Strategy.MINIMAL: "with `--strategy aggressive` who is in the way may be moved or ended",
    Strategy.AGGRESSIVE: "`portdash who PORT` shows who holds it; `--strategy minimal` moves the service instead",
}


@click.command("resolve")
@click.argument("name", required=False)
@strategy_option
@dry_run_option
@click.option("--terminate", is_flag=True, help="Agree to end the processes that the plan names.")
@yes_option
@json_option
@click.pass_obj
def command(
    options: Globals,
    *,
    name: str | None,
    strategy: str | None,
    dry_run: bool,
    terminate: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Show the way out of conflicts, and take it.

    Of the service NAME, or of all. With --strategy aggressive a NAME that has no conflict gets the port that it asks
    for first, whoever has it. Without a terminal --yes has to agree to the plan.
    """
    with options.deps() as deps:
        snapshot, plan = draft(deps, lambda snapshot: _plan(deps, snapshot, name, strategy))
        ask = Ask.NEVER if yes else Ask.ALWAYS
        return carry_out(
            deps,
            snapshot,
            plan,
            ask=ask,
            as_json=as_json,
            dry_run=dry_run,
            consent=terminate,
            way_out=WAYS_OUT[plan.strategy],
            to_consent="say --terminate if that is meant",
        )


def _plan(deps: Deps, snapshot: Snapshot, name: str | None, strategy: str | None) -> Plan:
    key = find_service(snapshot, name).key if name is not None else None
    return plan_resolve(deps, snapshot, key, strategy=Strategy(strategy) if strategy else None)
