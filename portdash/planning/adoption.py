"""Planning to make listeners services: the port they have becomes theirs."""

from collections.abc import Sequence

from portdash.errors import UsageError
from portdash.model.assignment import ServiceKey, ServiceSpec, Source
from portdash.model.plan import Plan
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import Snapshot
from portdash.planning.candidates import new_row
from portdash.planning.drafting import Draft
from portdash.planning.exporting import check_variables
from portdash.planning.requests import Placement
from portdash.planning.wording import holder_text, title
from portdash.record import record
from portdash.text import clean


@record
class Adoption:
    """A listener that becomes a service."""

    key: ServiceKey
    spec: ServiceSpec
    port: int
    protocol: IpProtocol


def plan_adopt(snapshot: Snapshot, adoptions: Sequence[Adoption], *, actor: str) -> Plan:
    """Plan a service for each listener, on the port where it listens; nothing is started, stopped or moved.

    Raises UsageError where the port, the name or its variable is a service's already, or nobody listens.
    """
    draft = Draft(snapshot, strategy=snapshot.policy.strategy, actor=actor)
    names: list[str] = []
    adopted: list[ServiceKey] = []
    given: dict[tuple[str, int], str] = {}
    for adoption in adoptions:
        name, slot = clean(adoption.spec.name), (adoption.protocol.value, adoption.port)
        if slot in given:
            draft.notice(f"{adoption.port} is adopted once, as {given[slot]}")
            continue
        _adopt(draft, adoption)
        given[slot] = name
        names.append(name)
        adopted.append(adoption.key)
    check_variables(draft, adopted)
    return draft.finish(title("adopt", names))


def _adopt(draft: Draft, adoption: Adoption) -> None:
    occupancy = draft.occupancy
    slot = (adoption.protocol, adoption.port)
    if adoption.key in occupancy.rows:
        label, port = occupancy.label(adoption.key), occupancy.rows[adoption.key].port
        raise UsageError(f"{label} is a service already, on {port}", hint="give it another name (in a shell: --name)")
    for key in occupancy.at(slot):
        raise UsageError(
            f"{adoption.port} is {occupancy.label(key)}'s already",
            hint="`portdash conflicts` says whether another process has taken it",
        )
    here = [seen.listener for seen in draft.snapshot.listeners if (seen.listener.protocol, seen.listener.port) == slot]
    if not here:
        raise UsageError(f"nobody listens on {adoption.port}", hint="`portdash ls` shows who listens where")
    row = new_row(
        draft.snapshot, Placement(adoption.key, adoption.spec), adoption.port, Source.DETECTED, actor=draft.actor
    )
    draft.set_row((row,), f"{holder_text(here[0])} listens there")
