"""The real clock. Everything that asks for the time is handed one, so that tests and the demo can freeze it."""

import time


class SystemClock:
    """The computer's own clock."""

    def now(self) -> float:
        """Return unix time in seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()
