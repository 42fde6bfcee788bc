"""A service that takes over the port of a server of its own that runs already, because its declaration says so.

A server is taken for it only with a tie to the service: its rule or container, or a process of the right kind that
works in its workspace. Where several would do, the more telling tie decides; between equals nobody guesses.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from portdash.model.assignment import Assignment, Reason, Source, Verdict
from portdash.model.listener import Listener, Ownership
from portdash.model.names import base_name
from portdash.model.plan import Strategy
from portdash.model.server_kinds import TITLES
from portdash.model.snapshot import SeenListener
from portdash.planning.candidates import new_row
from portdash.planning.drafting import Draft, displaced
from portdash.planning.images import image_kind
from portdash.planning.occupancy import Group
from portdash.planning.ownership import OwnershipFacts, attribute, fits, gather, is_specific
from portdash.planning.requests import ANY_KIND, Placement
from portdash.planning.wording import holder_text
from portdash.text import and_list, clean

_BY_RULE, _BY_PORT, _BY_NAME, _BY_KIND = range(4)
"""Ties, the most telling first."""


class Running(NamedTuple):
    """A server that may be the service's own."""

    tie: int
    place: int
    """Of its port among those the service prefers; 0 where it is none of them."""
    port: int
    listener: Listener


def place_where_it_runs(draft: Draft, placement: Placement, refused: tuple[Reason, ...]) -> bool:
    """Draft the port of the service's running server for a service that has none; say whether there is one."""
    found = _the_one(draft, placement)
    if found is None:
        return False
    draft.set_row((_row(draft, placement, found, refused),), _reason(found))
    return True


def follow(draft: Draft, placement: Placement) -> bool:
    """Move a service that does not run on its port to the one where it does; say whether that was drafted.

    Not one that is pinned or shares a port, and under the conservative strategy none.
    """
    row = draft.occupancy.rows[placement.key]
    group = draft.occupancy.group(placement.key)
    if draft.strategy is Strategy.CONSERVATIVE or row.source is Source.INHERITED or placement.spec.pin:
        return False
    if any(seen.listener.port == row.port for seen in draft.occupancy.servers(group)):
        return False
    found = _the_one(draft, placement)
    if found is None or found.port == row.port:
        return False
    draft.set_row((displaced(row, _row(draft, placement, found)),), _reason(found))
    return True


def _row(draft: Draft, placement: Placement, found: Running, refused: tuple[Reason, ...] = ()) -> Assignment:
    row = new_row(
        draft.snapshot,
        placement,
        found.port,
        Source.DETECTED,
        reasons=refused,
        attempts=len(refused) + 1,
        actor=draft.actor,
    )
    chosen = Reason(found.port, Verdict.CHOSEN, holder_text(found.listener))
    return replace(row, reasons=(*row.reasons[:-1], chosen))


def _the_one(draft: Draft, placement: Placement) -> Running | None:
    """Return the server with the most telling tie, None where there is none; of several such it is said, and none."""
    candidates = sorted({each.port: each for each in _candidates(draft, placement)}.values())
    best = [each for each in candidates if each[:2] == candidates[0][:2]]
    if len(best) > 1:
        ports = and_list(str(each.port) for each in best)
        name = clean(placement.spec.name)
        draft.notice(f"servers on {ports} could be {name}'s: `match` or `preferred` has to tell which one is")
        return None
    return best[0] if best else None


def _candidates(draft: Draft, placement: Placement) -> Iterator[Running]:
    snapshot = draft.snapshot
    group = draft.occupancy.group(placement.key)
    facts = gather(
        workspaces=snapshot.workspaces,
        leases=snapshot.leases,
        assignments=snapshot.assignments,
        environment=snapshot.environment,
    )
    # That it was adopted once would make any server on its port its own.
    facts = facts._replace(adopted=facts.adopted - {placement.key})
    for seen in snapshot.listeners:
        listener = seen.listener
        if (
            listener.protocol is placement.key.protocol
            and placement.detect in (ANY_KIND, listener.framework, _image_kind(listener))
            and _is_free(draft, group, seen)
            and _is_own(placement, listener, facts)
        ):
            yield _running(placement, listener)


def _is_free(draft: Draft, group: Group, seen: SeenListener) -> bool:
    """Say whether the port may be the group's, with nobody on it but that one server, who is no other service's."""
    occupancy, port = draft.occupancy, seen.listener.port
    if seen.is_owned and seen.key not in group.members:
        return False
    if occupancy.forbidden(group, port) or occupancy.rivals(group, port):
        return False
    others = occupancy.strangers(group, port)
    return all(each.listener.pids == seen.listener.pids for each in others)


def _is_own(placement: Placement, listener: Listener, facts: OwnershipFacts) -> bool:
    ownership = attribute(listener, placement.key, placement.spec, facts).ownership
    if ownership is Ownership.CONFIRMED:
        return True
    at_home = facts.places.of_listener(listener) == facts.places.root_of(placement.key.workspace) is not None
    return ownership is Ownership.PRESUMED and at_home and placement.detect != ANY_KIND


def _image_kind(listener: Listener) -> str | None:
    return image_kind(listener.container.image) if listener.container else None


def _running(placement: Placement, listener: Listener) -> Running:
    spec, port = placement.spec, listener.port
    name = base_name(spec.name).casefold()
    if spec.match is not None and is_specific(spec.match) and fits(spec.match, listener):
        return Running(_BY_RULE, 0, port, listener)
    if port in spec.preferred:
        return Running(_BY_PORT, spec.preferred.index(port), port, listener)
    cwd = (listener.owner and listener.owner.cwd) or ""
    names = {cwd.replace("\\", "/").rstrip("/").rpartition("/")[2].casefold()}
    if listener.container is not None and listener.container.compose_service:
        names.add(listener.container.compose_service.casefold())
    return Running(_BY_NAME if name in names else _BY_KIND, 0, port, listener)


def _reason(found: Running) -> str:
    """Return `its server runs there: Vite, node 4121 (shop)`."""
    what = TITLES.get(_image_kind(found.listener) or found.listener.framework or "")
    return f"its server runs there: {', '.join(filter(None, (what, holder_text(found.listener))))}"
