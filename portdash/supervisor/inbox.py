"""What a supervisor is asked for through the store: heard as it is written, taken one after the other, and answered."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator

from portdash.errors import PortdashError, StoreError
from portdash.manager.deps import Deps
from portdash.manager.requests import answer, pending
from portdash.model.requests import Request
from portdash.text import clean

_WAKE = 60.0
"""Seconds after which the store is looked at though nothing was heard of it: a run is to sleep beside its child."""
_FIRST_REST, _LONGEST_REST = 0.5, 10.0
"""Seconds for which a store that is away is left alone; twice as long after each further look."""


class Inbox:
    """The requests to one lease. A thread sleeps on the store; a store that goes away is said once, and waited for."""

    def __init__(self, deps: Deps, say: Callable[[str], None]) -> None:
        self._deps = deps
        self._say = say
        self._token = ""
        self._queue: asyncio.Queue[Request] = asyncio.Queue()
        self._taken: set[str] = set()
        self._taking = threading.Lock()
        self._closed = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Listen while inside."""
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, name="portdash-requests", daemon=True).start()
        try:
            yield
        finally:
            self._closed.set()  # not waited for: it sleeps on the store, which wakes it when it is closed

    async def serve(self, token: str) -> None:
        """Take what is addressed to this lease, be it before now."""
        self._token = token
        with contextlib.suppress(StoreError):  # which who listens meets as well, says, and waits for
            await asyncio.to_thread(self._take)

    def serves(self, token: str) -> bool:
        """Say whether what is addressed to this lease is taken: the service may have started again under another."""
        return self._token == token

    def beside(self, work: Callable[[threading.Event, Callable[[str], None]], None]) -> None:
        """Let a thread work while this is open. It gets what is set at the end, and what takes a line for people."""
        threading.Thread(target=work, args=(self._closed, self._tell), daemon=True).start()

    async def next(self) -> Request:
        """Wait for the next request whose time is not over."""
        while True:
            request = await self._queue.get()
            if self._deps.clock.now() < request.deadline:
                return request

    def put_back(self, request: Request) -> None:
        """Let a request that was taken be the next again."""
        self._queue.put_nowait(request)

    async def answer(self, request: Request, *, ok: bool, text: str) -> None:
        """Answer; a store that takes no answer is said."""
        try:
            await asyncio.to_thread(answer, self._deps, request, ok=ok, text=text)
        except PortdashError as error:
            self._say(f"warning: {clean(error.message)}")

    def _listen(self) -> None:
        revision, rest, away = -1, _FIRST_REST, False
        while not self._closed.is_set():
            try:
                revision = self._deps.store.watch(revision, 0.0 if away else _WAKE)
                self._take()
            except StoreError as error:
                if self._closed.is_set():
                    return
                if not away:
                    self._tell(f"warning: {clean(error.message)}; until it is back, nobody can ask for anything")
                away = True
                self._closed.wait(rest)
                rest = min(rest * 2, _LONGEST_REST)
                continue
            if away:
                self._tell("the store is back")
            rest, away = _FIRST_REST, False

    def _take(self) -> None:
        with self._taking:
            for request in pending(self._deps, self._token):
                if request.id not in self._taken:
                    self._taken.add(request.id)
                    self._call(self._queue.put_nowait, request)

    def _tell(self, line: str) -> None:
        self._call(self._say, line)

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is there to be told
            self._loop.call_soon_threadsafe(function, *arguments)
