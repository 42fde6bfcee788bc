"""What is news between two looks: trouble that is new, and services that went down. A person hears of it once."""

from collections.abc import Iterator

from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.summary import describe
from portdash.model.assignment import ServiceKey
from portdash.model.snapshot import ServiceView
from portdash.named_tuple import NamedTuple
from portdash.report.starting import own_listeners
from portdash.report.words import worst_conflict

MOST = 3
"""Pieces of news that are told one by one."""


class News(NamedTuple):
    """What there is to tell."""

    texts: tuple[str, ...] = ()
    """A line each."""
    rings: bool = False
    """Whether it is worth a bell: a new conflict, or a service that went down."""


def news_between(before: Facts, after: Facts) -> News:
    """Return what has come about since `before`: nothing for what was there already, and once for what flaps."""
    if after.is_same_world(before):
        return News()
    old = {view.key: view for view in before.snapshot.services}
    told = [
        text
        for view in after.snapshot.services
        if (was := old.get(view.key))
        for text in _of_one(was, view, after, old)
    ]
    texts = [text for text, _rings in told]
    rest = f"and {len(texts) - MOST} more: {after.keys.way('trouble')} shows all trouble"
    more = (rest,) if len(texts) > MOST else ()
    return News((*texts[:MOST], *more), any(rings for _text, rings in told))


def _of_one(
    was: ServiceView, view: ServiceView, facts: Facts, old: dict[ServiceKey, ServiceView]
) -> Iterator[tuple[str, bool]]:
    """Yield what is news about one service, and whether it rings."""
    name = facts.full_name(view)
    if was.health.is_flapping != view.health.is_flapping:
        yield (f"{name} is flapping" if view.health.is_flapping else f"{name} flaps no more", False)
        return
    if view.health.is_flapping or (view.spec.inherit_from and view.key in old and _parent_tells(view, facts)):
        return
    conflict, had = worst_conflict(view), worst_conflict(was)
    if conflict is not None and (had is None or had.kind is not conflict.kind):
        yield (describe(view, facts)[0], True)
    elif was.is_running and not view.is_running and view.port is not None and not _runs_on(was, facts):
        ran_on = next((each.port for each in own_listeners(was)), view.port)
        yield (f"{name} went down: it listens on {ran_on} no more", True)


def _runs_on(was: ServiceView, facts: Facts) -> bool:
    """Say whether a server of a service still listens, though it is not told for its own any more: that was moved."""
    there = {(each.listener.port, each.listener.pids) for each in facts.snapshot.listeners}
    return any((each.port, each.pids) in there for each in own_listeners(was))


def _parent_tells(view: ServiceView, facts: Facts) -> bool:
    """Say whether the service whose port it shares is there to be told of instead."""
    parent = (view.spec.inherit_from or "").casefold()
    return any(
        each.key.workspace == view.key.workspace and each.key.service == parent for each in facts.snapshot.services
    )
