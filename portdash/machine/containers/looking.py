"""What is in containers among what listens: joined anew only when the sockets or the engines say something new."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from portdash.machine.ancestry import ENGINES
from portdash.model.engines import EngineFacts
from portdash.named_tuple import NamedTuple

if TYPE_CHECKING:
    from portdash.machine.containers.engines import Engines, Known
    from portdash.model.listener import Listener
    from portdash.model.project import Project
    from portdash.model.sockets import Socket


class _Joined(NamedTuple):
    """Listeners with the containers they are, and what that rests on."""

    plain: tuple[Listener, ...]
    known: Known
    listeners: tuple[Listener, ...]
    facts: EngineFacts


class Containers:
    """Joins listeners with what the engines say. May be asked from several threads."""

    def __init__(self, engines: Engines, project_of: Callable[[str], Project | None]) -> None:
        self._engines = engines
        self._project_of = project_of
        self._last: _Joined | None = None

    @property
    def facts(self) -> EngineFacts:
        """What the engines said at the last look, beside who listens."""
        return self._last.facts if self._last else EngineFacts()

    def joined(self, plain: tuple[Listener, ...], rows: tuple[Socket, ...]) -> tuple[Listener, ...]:
        """Return the listeners that `rows` are with the containers they are; the same objects while nothing is new.

        The engines are waited for as `Engines.look` says. Nothing is loaded where there is no trace of a container.
        """
        known, last = self._engines.look(rows), self._last
        if last is None or last.plain is not plain or last.known is not known:
            self._last = last = self._join(plain, known)
        return last.listeners

    def _join(self, plain: tuple[Listener, ...], known: Known) -> _Joined:
        if not known.containers and not known.blind and not any(each.via in ENGINES for each in plain):
            return _Joined(plain, known, plain, EngineFacts(notices=known.notices))
        from portdash.machine.containers import carriers, joining  # noqa: PLC0415  only where there are containers

        forwards = carriers.running_proxies if known.blind else tuple
        listeners = joining.join(plain, known.containers, forwards=forwards, project_of=self._project_of)
        return _Joined(plain, known, listeners, EngineFacts(joining.unseen(known.containers, plain), known.notices))
