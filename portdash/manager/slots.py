"""The ports that rows and plans are about."""

from portdash.model.assignment import Assignment
from portdash.model.plan import Action, Plan, Step
from portdash.model.ports import IpProtocol

Slot = tuple[IpProtocol, int]


def slot_of(row: Assignment) -> Slot:
    """Return the protocol and port of a row."""
    return row.key.protocol, row.port


def restarts(plan: Plan) -> tuple[Step, ...]:
    """Return the steps that start a server of portdash's own again: those that move first."""
    found = (step for step in plan.steps if step.action is Action.RESTART)
    return tuple(sorted(found, key=lambda step: step.from_port == step.to_port))


def cleared_slots(plan: Plan) -> set[Slot]:
    """Return the ports that the plan itself frees."""
    return {(step.target.protocol, step.target.port) for step in plan.steps if step.target}
