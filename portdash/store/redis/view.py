"""What this process knows of a store on a server, and shows of it. The caller serialises its use."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from portdash.errors import StoreError
from portdash.model.state import StoreState
from portdash.store.redis.decoding import Known
from portdash.store.redis.mirror import Mirror
from portdash.store.tables import Version


class View:
    """The latest state that was read, in this process or, at first, by another one that left it in the mirror."""

    def __init__(self, mirror: Mirror | None) -> None:
        self._mirror = mirror
        self._known: Known | None = None
        self._seen_at: float | None = None
        self._warnings: tuple[str, ...] = ()
        self._losses: tuple[str, ...] = ()
        self._unwritten: tuple[str, ...] = ()
        self._shown: StoreState | None = None
        self._held_back = False

    @property
    def known(self) -> Known:
        """What is the ground for the next reading: nothing, where there is no mirror either."""
        if self._known is None:
            self._known = self.reread() or Known.of(Version(), StoreState(), {})
        return self._known

    @known.setter
    def known(self, known: Known) -> None:
        self._known = known
        self._shown = None

    def reread(self) -> Known | None:
        """Return what the mirror holds by now, None when there is none."""
        reflection = self._mirror.read() if self._mirror else None
        if reflection is None:
            return None
        self._seen_at = max(reflection.seen_at, self._seen_at or 0.0)
        return reflection.known

    def take(self, known: Known, *, after_loss: bool = False) -> None:
        """Keep what the server told just now, here and in the mirror."""
        self._seen_at = time.time()
        if known is not self._known:
            self.known = known
        if self._mirror is None or self._held_back:
            return
        obstacle = self._mirror.write(known, over_later=after_loss)
        unwritten = (f"what is known of the store cannot be kept for when its server is away: {obstacle}",)
        self._say(unwritten=unwritten if obstacle else ())

    @contextmanager
    def unmirrored(self) -> Iterator[None]:
        """Leave the mirror alone for a while: it knows what the server has lost."""
        self._held_back = True
        try:
            yield
        finally:
            self._held_back = False

    def warn(self, warnings: tuple[str, ...]) -> None:
        """Say from now on how the server is set up."""
        if warnings != self._warnings:
            self._warnings, self._shown = warnings, None

    def add_loss(self, loss: str) -> None:
        """Say from now on that the server has lost something."""
        self._losses, self._shown = (*self._losses, loss), None

    def current(self) -> StoreState:
        """Return what the server told."""
        if self._shown is None:
            self._shown = self._with(*self._warnings, *self._losses, *self._unwritten)
        return self._shown

    def stale(self, error: StoreError) -> StoreState:
        """Return what the server told when it was last there. Raises `error` where it never was."""
        known = self.known
        if self._seen_at is None or not known.version.revision:
            raise error
        return replace(self._with(*self._losses, error.message), stale_since=self._seen_at)

    def _with(self, *notices: str) -> StoreState:
        state = self.known.state
        return replace(state, notices=notices) if notices else state

    def _say(self, *, unwritten: tuple[str, ...]) -> None:
        if unwritten != self._unwritten:
            self._unwritten, self._shown = unwritten, None
