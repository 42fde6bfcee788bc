"""Running the application: on which sockets, under which limits, and until when."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from socket import socket
from threading import Event
from types import FrameType

import uvicorn

from portdash.api.app import create_app
from portdash.api.core import Core
from portdash.api.gate import MOST_HEAD
from portdash.api.protocol import GuardedProtocol
from portdash.api.publishing import Tcp, published
from portdash.api.settings import Settings, TokenSource
from portdash.api.sockets import BACKLOG, loopback_sockets, unix_socket
from portdash.manager.deps import Deps
from portdash.supervisor.hooks.runner import hooks_on_duty
from portdash.text import plural

_log = logging.getLogger("portdash.api")

GRACE = 5
"""Seconds that requests under way get when the server is asked to end. Who waits longer is told."""
LONGEST = 60.0
"""Seconds that the process stays for what was begun and is not done, unless it is asked to end once more: service
managers kill after 90. A plan that is left so is settled by whoever opens the store next, as after a crash."""
KEEP_ALIVE = 5
"""Seconds that a connection may be idle."""

Ready = Callable[[int | None], object]


class Server(uvicorn.Server):
    """A server that lets go of its streams before it waits for its connections."""

    def __init__(self, config: uvicorn.Config, core: Core) -> None:
        super().__init__(config)
        self.core = core

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """End."""
        self.core.close()
        await super().shutdown(sockets)


def serve(
    deps: Deps,
    *,
    token: TokenSource,
    uds: Path | None,
    tcp: Tcp | None,
    open_read: bool = False,
    allow_kill: bool = False,
    ready: Ready,
) -> None:
    """Serve until SIGINT or SIGTERM, on the Unix socket `uds`, on loopback's `tcp`, or on both.

    `ready` is called with the TCP port once everything listens. Raises AlreadyServing, Refused, NoPortAvailable,
    StoreError.
    """
    deps = deps.by("api")
    with ExitStack() as stack:
        sockets = [stack.enter_context(unix_socket(uds))] if uds else []
        port = stack.enter_context(published(deps, tcp)) if tcp else None
        if port is not None:
            sockets += [stack.enter_context(closing(each)) for each in loopback_sockets(port)]
        app = create_app(deps, Settings(token=token, port=port, open_read=open_read, allow_kill=allow_kill))
        core = app.state["core"]
        assert isinstance(core, Core)
        server = Server(configuration(app), core)
        with ended_by_signals(server), hooks_on_duty(deps, say=_log.warning, current=core.board.deps):
            ready(port)
            asyncio.run(server.serve(sockets=sockets))
            see_to_the_end(core)


def configuration(app: object) -> uvicorn.Config:
    """Return how uvicorn runs the application: plain HTTP/1.1, nothing believed of a proxy, and little patience."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # an ASGI application, in the words of another library
        http=GuardedProtocol,
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        h11_max_incomplete_event_size=MOST_HEAD,
    )


def see_to_the_end(core: Core) -> None:
    """Wait for what was begun to be done, but not without end: a second signal or a time limit ends the wait."""
    hurry = Event()
    with _heard(lambda _number, _frame: hurry.set()):
        left = core.acts.wait(0.0, hurry=hurry)
        if left:
            waits = f"waits up to {LONGEST:g} s for {plural(left, 'act')} under way; a second signal ends that"
            _log.warning("the server %s", waits)
            left = core.acts.wait(LONGEST, hurry=hurry)
    if left:
        _log.warning("%s not done: whoever opens the store next settles it", plural(left, "act is", "acts are"))


@contextmanager
def ended_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the server and not the process with it, whether it runs already or has just ended.

    While it runs uvicorn hears them itself, and sends them on to us when it is done.
    """

    def heard(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    with _heard(heard):
        yield


@contextmanager
def _heard(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
