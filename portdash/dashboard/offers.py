"""What the keys would do to the row under the cursor, said in the details before they are pressed."""

from collections.abc import Callable, Sequence

from portdash.dashboard.commands import BY_ID
from portdash.dashboard.context import REMOTE, Context
from portdash.dashboard.desk import Desk
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.offered import Offer
from portdash.errors import PortdashError
from portdash.manager.naming import NOTHING_WANTED, suggest_name
from portdash.model.assignment import ServiceKey
from portdash.model.conflict import ConflictKind
from portdash.model.plan import Action, Plan
from portdash.model.snapshot import ServiceView
from portdash.report.words import worst_conflict
from portdash.text import and_list, plural

_ON_ROWS = ("resolve", "move", "adopt", "free", "probe", "release", "service", "open", "copy")


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
        "service": f"start, stop or restart {'it' if view else 'all of it'}",
    }
    if view:
        effects |= {"move": f"pick another port for {view.name}", "release": f"give {view.port} back"}
    elif context.services:
        effects["release"] = f"give all {plural(len(context.services), 'port')} of it back"
    if len(context.slots) > 1:
        effects["free"] = f"end who holds its {plural(len(context.slots), 'port')}; a dialog has a verdict on each"
    if held := context.held:
        effects["free"] = f"end {held.label}; asks first"
    if url := context.url:
        effects["open"] = context.answered_by or url
        effects["copy"] = url
    if len(listeners) == 1:
        name_then = suggest_name(listeners[0], context.facts.wanted if context.facts else NOTHING_WANTED)
        effects["adopt"] = f"make it the service {name_then}; it keeps {listeners[0].port}, nothing is started or ended"
    elif listeners:
        effects["adopt"] = f"look at the {len(listeners)} listeners from your projects, ready to be services"
    return effects.get(name, BY_ID[name].help)


def resolution_text(plan: Plan) -> str:
    """Say in a line what a plan would do."""
    return resolution_words(plan, None)[0]


def resolution_words(plan: Plan, view: ServiceView | None) -> tuple[str, ...]:
    """Say in a line what a plan would do, and shorter where it is told beside the service it is for."""
    if plan.is_stuck or not plan.steps:
        left = next((each for each in plan.unresolved if each.asked), None) or next(iter(plan.unresolved), None)
        text = left.text if left else "nothing is to be changed"
        conflict = worst_conflict(view) if view else None
        is_misplaced = conflict is not None and conflict.kind is ConflictKind.MISPLACED
        return (text, f"start it again on {view.port}") if view and is_misplaced else (text,)
    moved = [step.after for step in plan.steps if step.action in (Action.MOVE, Action.ASSIGN) and step.after]
    ends = [step.target.label for step in plan.steps if step.target]
    end = "ends " + and_list(ends) if ends else "nothing ends"
    text = f"{and_list(f'{row.name} moves to {row.port}' for row in moved) or plan.title}, {end}"
    if view and len(moved) == 1 and moved[0].key == view.key:
        short = f"move to {moved[0].port}"
        return (text, f"{short}, {end}", short)
    return (text,)


class Resolutions:
    """Works out what resolving a service would do, once for each world that is seen."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._world: Facts | None = None
        self._known: dict[ServiceKey, tuple[str, ...]] = {}

    def text_for(self, facts: Facts | None, view: ServiceView | None) -> str:
        """Return it in a line; empty for a service that is in no conflict."""
        return next(iter(self.words_for(facts, view)), "")

    def words_for(self, facts: Facts | None, view: ServiceView | None) -> tuple[str, ...]:
        """Return it in the fullest wording first; nothing for a service that is in no conflict."""
        if facts is None or view is None or worst_conflict(view) is None:
            return ()
        if not facts.is_same_world(self._world):
            self._known = {}
        self._world = facts
        if view.key not in self._known:
            try:
                words = resolution_words(self._desk.plan_resolve(facts.snapshot, view.key), view)
            except PortdashError as error:
                words = (error.message,)
            self._known[view.key] = words
        return self._known[view.key]
