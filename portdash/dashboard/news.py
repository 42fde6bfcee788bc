"""What is news between two looks: trouble that is new, and services that went down. A person hears of it once."""

from collections.abc import Callable, Iterator
from functools import cached_property

from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.summary import describe
from portdash.model.assignment import ServiceKey
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.named_tuple import NamedTuple
from portdash.report.starting import own_listeners
from portdash.report.words import worst_conflict

ON_ITS_WAY = 15.0
"""Seconds after it was given another port in which one that is moved has ended there and begun here."""
MOST = 3
"""Pieces of news that are told one by one."""


def _by_nobody(_key: ServiceKey, _at: float) -> bool:
    return False


class News(NamedTuple):
    """What there is to tell."""

    texts: tuple[str, ...] = ()
    """A line each."""
    rings: bool = False
    """Whether it is worth a bell: a new conflict, or a service that went down."""


def news_between(before: Facts, after: Facts, *, is_done_to: Callable[[ServiceKey, float], bool] = _by_nobody) -> News:
    """Return what has come about since `before`: nothing for what was there already, and once for what flaps.

    That one went down to which something `is_done_to` at that time (unix), from here, is no news either.
    """
    if after.is_same_world(before):
        return News()
    old, listening = {view.key: view for view in before.snapshot.services}, _Listening(after.snapshot)
    told = [
        text
        for view in after.snapshot.services
        if (was := old.get(view.key))
        for text in _of_one(was, view, after, old, is_done=is_done_to(view.key, after.now), listening=listening)
    ]
    texts = [text for text, _rings in told]
    rest = f"and {len(texts) - MOST} more: {after.keys.way('trouble')} shows all trouble"
    more = (rest,) if len(texts) > MOST else ()
    return News((*texts[:MOST], *more), any(rings for _text, rings in told))


def _of_one(
    was: ServiceView,
    view: ServiceView,
    facts: Facts,
    old: dict[ServiceKey, ServiceView],
    *,
    is_done: bool,
    listening: "_Listening",
) -> Iterator[tuple[str, bool]]:
    """Yield what is news about one service, and whether it rings."""
    name = facts.full_name(view)
    if was.health.is_flapping != view.health.is_flapping:
        if not is_done:
            yield (f"{name} is flapping" if view.health.is_flapping else f"{name} flaps no more", False)
        return
    if view.health.is_flapping or (view.spec.inherit_from and view.key in old and _parent_tells(view, facts)):
        return
    conflict, had = worst_conflict(view), worst_conflict(was)
    if conflict is not None and (had is None or had.kind is not conflict.kind):
        yield (describe(view, facts)[0], True)
    elif was.is_running and not (view.is_running or is_done or _is_given(view, facts) or listening.still(was)):
        ran_on = next((each.port for each in own_listeners(was)), view.port)
        yield (f"{name} went down: it listens on {ran_on} no more", True)


class _Listening:
    """Who listens now, gathered once somebody asks."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    @cached_property
    def _there(self) -> frozenset[tuple[int, tuple[int, ...]]]:
        return frozenset((each.listener.port, each.listener.pids) for each in self._snapshot.listeners)

    def still(self, was: ServiceView) -> bool:
        """Say whether a server of a service listens on, though it is not told for its own any more: that was moved."""
        return any((each.port, each.pids) in self._there for each in own_listeners(was))


def _is_given(view: ServiceView, facts: Facts) -> bool:
    """Say whether it was given its port just now, and is on its way there, or has none any more, and may run on."""
    return view.assignment is None or 0 <= facts.now - view.assignment.assigned_at < ON_ITS_WAY


def _parent_tells(view: ServiceView, facts: Facts) -> bool:
    """Say whether the service whose port it shares is there to be told of instead."""
    parent = (view.spec.inherit_from or "").casefold()
    return any(
        each.key.workspace == view.key.workspace and each.key.service == parent for each in facts.snapshot.services
    )
