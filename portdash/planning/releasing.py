"""Planning to give ports back."""

from collections.abc import Sequence

from portdash.errors import NoSuchService
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot
from portdash.planning.drafting import Draft
from portdash.planning.wording import holder_text, title
from portdash.text import clean


def plan_release(snapshot: Snapshot, keys: Sequence[ServiceKey], *, actor: str, reason: str = "asked for") -> Plan:
    """Plan the release of services and of all that inherit from them, children first. Raises NoSuchService.

    `reason` is what history tells of those in `keys`.
    """
    draft = Draft(snapshot, strategy=snapshot.policy.strategy, actor=actor)
    occupancy = draft.occupancy
    asked = tuple(dict.fromkeys(keys))
    for key in asked:
        if key not in snapshot.assignments:
            raise NoSuchService(f"{clean(key.service)} has no port to give back")
    names = [snapshot.assignments[key].name for key in asked]
    for key in asked:
        if key not in occupancy.rows:
            continue  # it went with its parent
        say_what_runs_on(draft, key)
        for child in reversed(occupancy.below(key)):
            draft.release(
                child, reason if child in asked else f"it shares the port of {clean(occupancy.spec(key).name)}"
            )
        draft.release(key, reason)
    return draft.finish(title("release", names))


def say_what_runs_on(draft: Draft, key: ServiceKey) -> None:
    """Note the server of a service that is about to lose its port: nobody can be asked to stop it by name any more."""
    occupancy = draft.occupancy
    for seen in occupancy.servers(occupancy.group(key))[:1]:
        runs = f"{holder_text(seen.listener)} on {seen.listener.port}"
        draft.notice(f"{occupancy.label(key)} still runs: {runs} is not ended")
