"""The signals that a run is sent, and the ctrl-c that is pressed in its child's terminal: passed on, and understood."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator

from portdash.machine.reaping import Adopted
from portdash.supervisor.child import Child
from portdash.supervisor.hearing import hearing

FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_ASK_POLITELY = frozenset((signal.SIGINT, signal.SIGTERM))
"""Asked a second time, they are an order."""
_ASK = _ASK_POLITELY | {getattr(signal, name) for name in ("SIGHUP", "SIGQUIT") if hasattr(signal, name)}
_COUNTS = 30.0
"""Seconds that a ctrl-c in the child's terminal explains its end: a prompt may take one and go on for hours."""


class Signals:
    """What was asked of a run so far. For one event loop."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._asked: list[int] = []
        self._interrupted = float("-inf")
        self._ending = asyncio.Event()
        self._adopted = Adopted()
        self._looks: asyncio.TimerHandle | None = None

    def ask_for_the_end(self) -> bool:
        """Say whether the end is what somebody wants by now."""
        return bool(self._asked) or asyncio.get_running_loop().time() - self._interrupted < _COUNTS

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until somebody asks for the end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), seconds)

    @contextlib.contextmanager
    def reaching(self, child: Child) -> Iterator[None]:
        """Pass on to this child what comes while inside, and what came while it was being started."""
        self._child = child
        try:
            for number in self._asked:
                child.signal(number)
            yield
        finally:
            self._child = None

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """Take the signals that this process is sent while inside."""
        try:
            with hearing(FORWARDED, self.forward), hearing(("SIGCHLD",), lambda _number: self._look_soon()):
                yield
        finally:
            if self._looks is not None:
                self._looks.cancel()

    def forward(self, number: int) -> None:
        """Pass a signal on; the second that asks for the end is an order."""
        forced = number in _ASK_POLITELY and any(each in _ASK_POLITELY for each in self._asked)
        if self._child is not None:
            self._child.signal(_KILL if forced else number)
        if number in _ASK:
            self._asked.append(number)
            self._ending.set()

    def _collect(self) -> None:
        """Collect what the child has left behind, and has ended; with a look now, and one a second later."""
        self._looks = None
        if self._adopted.collect(() if self._child is None else (self._child.pid,)):
            self._look_soon()

    def _look_soon(self) -> None:
        if self._looks is None:
            self._looks = asyncio.get_running_loop().call_later(1.0, self._collect)

    def interrupted(self) -> None:
        """Note a ctrl-c, which the child's own terminal has turned into a signal for it."""
        self._interrupted = asyncio.get_running_loop().time()
        if self._child is None:
            self._ending.set()

    def force(self) -> None:
        """End the child at once."""
        if self._child is not None:
            self._child.signal(_KILL)


_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
