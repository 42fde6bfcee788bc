"""Freeing a port: who has to end for it, as a plan that `apply_plan` carries out."""

from dataclasses import replace

from portdash.errors import Refused
from portdash.manager.deps import Deps
from portdash.model.ending import Allowance
from portdash.model.plan import Plan, Unresolved
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import Snapshot
from portdash.planning.freeing import plan_free as _plan_free
from portdash.planning.freeing import targets_on


def plan_free(
    deps: Deps, snapshot: Snapshot, port: int, protocol: IpProtocol, *, allows: frozenset[Allowance] = frozenset()
) -> Plan:
    """Plan to end everybody who listens on a port; without a step where nobody does.

    Raises Refused, with what does it instead, when one of them must not be ended: then none is.
    """
    targets = targets_on(snapshot, port, protocol, allows)
    return _plan_free(snapshot, port, protocol, [deps.machine.aim(target) for target in targets])


def aimed(deps: Deps, plan: Plan) -> Plan:
    """Return a plan whose targets know all that ends with them; one that must not be ended makes it stuck."""
    if not plan.needs_consent:
        return plan
    try:
        steps = tuple(
            replace(step, target=deps.machine.aim(step.target)) if step.target else step for step in plan.steps
        )
    except Refused as error:
        return replace(plan, steps=(), unresolved=(Unresolved(f"{error.message}; {error.hint}"),))
    ended = sum(step.target.count for step in steps if step.target)
    notes = (note for step in steps if step.target for note in step.target.notes)
    return replace(
        plan,
        steps=steps,
        cost=replace(plan.cost, terminated=ended),
        notices=tuple(dict.fromkeys((*plan.notices, *notes))),
    )
