"""How the world will look once a plan is applied: judged by the rules that judge the world as it is."""

from portdash.model.listener import Listener
from portdash.model.plan import Action, Plan, Target
from portdash.model.snapshot import Snapshot
from portdash.planning.assemble import assemble
from portdash.record import replace


def after(snapshot: Snapshot, plan: Plan) -> Snapshot:
    """Return `snapshot` with the plan's rows, and without the listeners that it ends; health is left out.

    What a person has to do afterwards is not done in it: a server to be started again still listens where it did.
    """
    rows = dict(snapshot.assignments)
    for step in plan.steps:
        if step.action is Action.RELEASE and step.key is not None:
            rows.pop(step.key, None)
        elif step.after is not None:
            rows[step.after.key] = step.after
    targets = [step.target for step in plan.steps if step.target]
    listeners = (seen.listener for seen in snapshot.listeners)
    prospect = assemble(
        taken_at=snapshot.taken_at,
        revision=snapshot.revision,
        store_url=snapshot.store_url,
        host=snapshot.host,
        user=snapshot.user,
        workspace=snapshot.workspace,
        environment=snapshot.environment,
        policy=snapshot.policy,
        limits=snapshot.limits,
        workspaces=snapshot.workspaces,
        vanished=snapshot.vanished,
        assignments=rows,
        leases=snapshot.leases,
        declarations=snapshot.declarations,
        listeners=tuple(each for each in listeners if not any(_is_ended(each, target) for target in targets)),
        health={},
        quarantined=snapshot.quarantined,
        reserved=snapshot.reserved,
        bound=snapshot.bound,
        hidden_owners=snapshot.hidden_owners,
        notices=snapshot.notices,
    )
    return replace(prospect, published=snapshot.published)


def _is_ended(listener: Listener, target: Target) -> bool:
    """Say whether a socket goes with the process or container that a step ends."""
    if (listener.protocol, listener.port) != (target.protocol, target.port):
        return False
    if target.container_id is not None:
        return listener.container is not None and listener.container.id == target.container_id
    return target.pid is not None and target.pid in listener.pids
