"""What the keys would do to the row under the cursor, said in the details before they are pressed."""

from collections.abc import Callable, Sequence

from portdash.dashboard.commands import BY_ID
from portdash.dashboard.context import REMOTE, Context
from portdash.dashboard.desk import Desk
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.offered import Offer
from portdash.errors import PortdashError
from portdash.manager.naming import suggest_name
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Action, Plan
from portdash.model.snapshot import ServiceView
from portdash.report.words import worst_conflict
from portdash.text import and_list, plural

_ON_ROWS = ("resolve", "move", "adopt", "free", "probe", "release")


def offers_for(context: Context, printed: Callable[[str], Sequence[str]]) -> tuple[Offer, ...]:
    """Return what can be done to this row; what is only forbidden just now is there too, with the reason."""
    offers = []
    for name in _ON_ROWS:
        keys = printed(name)
        reason = BY_ID[name].unavailable(context)
        if not keys or (reason and reason not in (context.no_change(), REMOTE)):
            continue
        offers.append(Offer(keys[0], BY_ID[name].label, reason or _effect(name, context), is_usable=reason is None))
    return tuple(offers)


def _effect(name: str, context: Context) -> str:
    view, listeners = context.service, context.listeners
    effects = {
        "probe": "ask it once what it is and how it does; nothing is sent otherwise",
        "resolve": context.resolution or "shows the ways out",
    }
    if view:
        effects |= {"move": f"pick another port for {view.name}", "release": f"give {view.port} back"}
    elif context.services:
        effects["release"] = f"give all {plural(len(context.services), 'port')} of it back"
    if len(context.slots) > 1:
        effects["free"] = f"end who holds its {plural(len(context.slots), 'port')}; a dialog has a verdict on each"
    if held := context.held:
        effects["free"] = f"end {held.label}, which holds {held.port}; a dialog names all that end"
    if len(listeners) == 1:
        name_then = suggest_name(listeners[0])
        effects["adopt"] = f"make it the service {name_then}; it keeps {listeners[0].port}, nothing is started or ended"
    elif listeners:
        effects["adopt"] = f"look at the {len(listeners)} listeners from your projects, ready to be services"
    return effects.get(name, BY_ID[name].help)


def resolution_text(plan: Plan) -> str:
    """Say in a line what a plan would do."""
    if plan.is_stuck:
        return next(left.text for left in plan.unresolved if left.asked)
    if not plan.steps:
        return plan.unresolved[0].text if plan.unresolved else "nothing is to be changed"
    moves = [
        f"{step.after.name} moves to {step.to_port}"
        for step in plan.steps
        if step.action in (Action.MOVE, Action.ASSIGN) and step.after
    ]
    ends = [step.target.label for step in plan.steps if step.target]
    return f"{and_list(moves) or plan.title}, {'ends ' + and_list(ends) if ends else 'nothing ends'}"


class Resolutions:
    """Works out what resolving a service would do, once for each world that is seen."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._world: Facts | None = None
        self._known: dict[ServiceKey, str] = {}

    def text_for(self, facts: Facts | None, view: ServiceView | None) -> str:
        """Return it in a line; empty for a service that is in no conflict."""
        if facts is None or view is None or worst_conflict(view) is None:
            return ""
        if not facts.is_same_world(self._world):
            self._known = {}
        self._world = facts
        if view.key not in self._known:
            try:
                text = resolution_text(self._desk.plan_resolve(facts.snapshot, view.key))
            except PortdashError as error:
                text = error.message
            self._known[view.key] = text
        return self._known[view.key]
