"""The line to one engine: when it is asked, who waits for the answer, and what is left of the last one.

An engine is asked in a thread of its own. A look waits for it as long as it has been quick; one that was not is asked
beside the looks from then on, less and less often, and its answer counts when it has come.
"""

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import NamedTuple

from portdash.machine.containers.addresses import Address
from portdash.machine.containers.stock import Stock, take_stock
from portdash.machine.containers.talking import EngineError, Trouble
from portdash.text import clean

PATIENCE = 3.0
"""Seconds after which an engine that nobody waits for is given up."""
FRESH = 2.0
"""Seconds for which an answer holds while the same sockets listen."""
_LONGEST = 60.0
"""Seconds between two questions to an engine that never answers."""
_ENOUGH = 0.7
"""Part of the limit after which no more stopped containers are asked for."""


class _Outcome(NamedTuple):
    """What became of one question."""

    stock: Stock | None
    trouble: EngineError | None
    seconds: float


class Line:
    """One engine. For one thread at a time, beside the one it starts."""

    def __init__(self, address: Address, *, limit: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing known.

        `limit` is the seconds within which a quick engine answers; `monotonic` tells when it is to be asked again.
        """
        self.address = address
        self.stock: Stock | None = None
        """What it said last; None before that, and when it has gone."""
        self.trouble: EngineError | None = None
        """Why it said nothing the last time, None when it did."""
        self.limit = limit
        self._monotonic = monotonic
        self._due = monotonic()
        self._failures = 0
        self._is_quick = True
        self._pending: _Question | None = None

    def ask_if_due(self, *, changed: bool) -> None:
        """Begin to ask it when its last answer is too old, or when what listens has `changed` since."""
        if self._pending is None and (self._monotonic() >= self._due or (changed and self._is_quick)):
            self._pending = _Question(self.address, self.stock or Stock(), self.limit)

    def collect(self, until: float) -> None:
        """Take the answer: wait for it until then if it was quick so far, else take it only if it is there."""
        question = self._pending
        if question is None:
            return
        if question.done.wait(max(0.0, until - time.monotonic()) if self._is_quick else 0.0):
            self._pending = None
            self._note(question.outcome)
        elif self._is_quick:
            self._is_quick, self.trouble = False, EngineError(Trouble.SILENT)

    def _note(self, outcome: _Outcome) -> None:
        self.trouble = outcome.trouble
        self._is_quick = outcome.seconds <= self.limit
        if outcome.trouble is None:
            self.stock, self._failures = outcome.stock, 0
        else:
            self._failures += 1
            if outcome.trouble.trouble in (Trouble.AWAY, Trouble.DENIED):
                self.stock = None
        self._due = self._monotonic() + min(FRESH * 2**self._failures, _LONGEST)


class _Question:
    """One question on its way, in a thread that ends by itself."""

    def __init__(self, address: Address, before: Stock, limit: float) -> None:
        self.done = Event()
        self.outcome = _Outcome(None, None, 0.0)
        self._address, self._before, self._limit = address, before, limit
        Thread(target=self._ask, name="portdash-engine", daemon=True).start()

    def _ask(self) -> None:
        began = time.monotonic()
        stock, trouble = None, None
        try:
            enough = began + self._limit * _ENOUGH
            stock = take_stock(
                self._address, known=self._before.reserved, enough=enough, until=began + max(PATIENCE, self._limit)
            )
        except EngineError as error:
            trouble = error
        except Exception as error:  # noqa: BLE001  a thread's last words would go to the screen; the notice has them
            trouble = EngineError(Trouble.NONSENSE, clean(f"{type(error).__name__}: {error}"))
        self.outcome = _Outcome(stock, trouble, time.monotonic() - began)
        self.done.set()
