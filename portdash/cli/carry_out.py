"""Showing a plan, asking where that is due, and applying exactly what was shown."""

import sys
from enum import Enum

import click

from portdash.cli.output import emit_json, emit_lines, say, warn
from portdash.cli.plan_text import after_lines, plan_lines
from portdash.errors import ExitCode, LockedDown, PlanUnresolved, Refused
from portdash.manager.apply import apply_plan, check_allowed
from portdash.manager.deps import Deps
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot
from portdash.report.serialise import plan_json
from portdash.text import clean


class Ask(Enum):
    """Whether a plan is applied without a word from the person."""

    ALWAYS = "always"
    """Somebody has to agree: at the terminal, or by --yes."""
    AT_A_TERMINAL = "at a terminal"
    """A person at the terminal is asked; a script has said what it wants."""
    NEVER = "never"


def carry_out(
    deps: Deps,
    snapshot: Snapshot,
    plan: Plan,
    *,
    ask: Ask,
    as_json: bool,
    dry_run: bool = False,
    consent: bool = False,
    way_out: str | None = None,
    to_consent: str | None = None,
) -> int:
    """Show `plan`, and apply it unless it is a dry run; return the exit code, which is 6 while something is unresolved.

    As JSON there is one document, `{plan, applied}`, after all is done. `way_out` is the hint for a plan that cannot
    give what was asked for, `to_consent` the one for a plan that ends what is not ours, where the command can agree to
    that. Raises LockedDown, Refused, PlanUnresolved, PlanOutdated, StoreError.
    """
    if not as_json:
        emit_lines(plan_lines(plan, snapshot))
        emit_lines(after_lines(deps, snapshot, plan))
    if dry_run or not plan.steps or plan.is_stuck:
        return _leave(plan, as_json=as_json, way_out=way_out)
    refuse_if_read_only(deps, plan.title)
    try:
        check_allowed(deps, plan, consent=consent)
    except Refused as error:
        if plan.needs_consent and to_consent:
            error.hint = to_consent
        raise
    asked = must_ask(ask)
    if asked and not agreed("Apply this?"):
        return declined()
    outcome = apply_plan(deps, plan, snapshot=None if asked else snapshot, consent=consent, progress=say)
    if as_json:
        emit_json({"plan": plan_json(plan), "applied": True})
    else:
        emit_lines(outcome.lines)
    told = {left.text for left in plan.unresolved}
    for left in outcome.left:
        if left not in told:
            warn(left)
    from portdash.cli.written import tell_outdated  # noqa: PLC0415  most runs change nothing

    tell_outdated(deps)
    return _verdict(plan)


def _verdict(plan: Plan) -> int:
    """Say whether nothing stays unresolved; that a server has to be started again is what was asked for."""
    return ExitCode.REFUSED if any(left.restart is None for left in plan.unresolved) else ExitCode.YES


def _leave(plan: Plan, *, as_json: bool, way_out: str | None) -> int:
    """End without applying: a dry run, nothing to do, or no way to do it."""
    if as_json:
        emit_json({"plan": plan_json(plan), "applied": False})
        return _verdict(plan)
    if plan.is_stuck:
        raise PlanUnresolved("; ".join(left.text for left in plan.unresolved if left.asked), hint=way_out)
    return _verdict(plan)


def refuse_if_read_only(deps: Deps, title: str) -> None:
    """Raise LockedDown in read-only mode, before anybody is asked anything."""
    if deps.config.read_only:
        raise LockedDown(f"read-only: {title} was not done")


def must_ask(ask: Ask) -> bool:
    """Say whether a person has to be asked. Raises Refused when one has to be and there is none."""
    at_terminal = sys.stdin.isatty() and sys.stderr.isatty()
    if ask is Ask.ALWAYS and not at_terminal:
        raise Refused("this needs a yes, and there is no terminal to ask at", hint="say --yes to go ahead")
    return ask is not Ask.NEVER and at_terminal


def agreed(question: str) -> bool:
    """Ask on stderr; no is the default."""
    return click.confirm(clean(question, limit=None), default=False, err=True)


def declined() -> int:
    """Say that nothing was done."""
    say("nothing was changed")
    return ExitCode.NO
