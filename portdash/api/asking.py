"""Asking one service how it is, for whoever wants to know it now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from portdash.config.urls import redacted
from portdash.health.fixed import check_fixed
from portdash.health.once import APART, check_once, hung
from portdash.health.targets import targets, without_server
from portdash.manager.finding import find_service
from portdash.model.health import Health, HealthState
from portdash.record import record
from portdash.report.serialise import Json, document, health_json
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.api.board import Board
    from portdash.health.record import Watched
    from portdash.manager.deps import Deps
    from portdash.model.assignment import ServiceKey


@record(kw_only=True)
class Asked:
    """How one service is."""

    name: str
    port: int | None
    """None for one whose URL is fixed, or that has no port yet."""
    health: Health
    is_there: bool
    """Whether there is a server of its own, or an address that it is known to have."""
    url: str | None = None
    """Its fixed URL, without its password."""

    @property
    def is_ready(self) -> bool:
        """Whether requests may be sent to it."""
        return self.is_there and not (self.health.state.is_ill or self.health.state is HealthState.STARTING)

    def json(self) -> Json:
        """Return it as other programs read it."""
        said = document(name=clean(self.name), port=self.port, health=health_json(self.health))
        return said if self.url is None else {**said, "url": clean(self.url)}


async def ask(deps: Deps, board: Board, name: str) -> Asked:
    """Ask the service that `web` or `shop/web` names, as `portdash health` does. Raises NoSuchService, StoreError."""
    declared = deps.config.service(name)
    if declared is not None and declared.url is not None:
        url = deps.config.url_of(name) or declared.url
        health, _ = await check_fixed(url, declared, deps.config.health)
        return Asked(name=declared.name, port=None, health=health, is_there=True, url=redacted(url))
    snapshot = (await board.view()).snapshot
    view = find_service(snapshot, name)
    watched = targets(snapshot, deps.config).get(view.key)
    if watched is None:
        return Asked(name=view.name, port=view.port, health=without_server(view), is_there=False)
    health = await _ask(deps, board, view.key, watched)
    return Asked(name=view.name, port=view.port, health=health, is_there=True)


async def _ask(deps: Deps, board: Board, key: ServiceKey, watched: Watched) -> Health:
    """Ask a server; where connections wait to be accepted, look a second time whether they still do."""
    verdict = (await check_once({key: watched}))[key]
    if not watched.look.queue:
        return verdict
    await asyncio.sleep(APART)
    again = await asyncio.to_thread(lambda: targets(board.look(anew=True).snapshot, deps.config))
    return hung({key: watched}, again).get(key, verdict)
