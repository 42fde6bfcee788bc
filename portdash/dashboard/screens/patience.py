"""What keeps typed-ahead, pasted and repeated keys from confirming a dialog.

Keys carry the time at which they were typed, so a key that waited in a queue while the dialog was being drawn counts as
early however late it is handled. A key that confirms also needs a moment of silence round it: text that a terminal
delivers as keys (`tmux paste-buffer`) arrives within milliseconds, and a hand does not.
"""

from collections.abc import Callable
from time import monotonic

from textual.events import Key

from portdash.record import record


@record
class Patience:
    """How long a dialog waits before it believes a key."""

    quiet: float = 0.3
    """Seconds after the first drawing in which no key counts."""
    burst: float = 0.03
    """Seconds of silence that a confirming key needs before and after it; 0 for none."""
    clock: Callable[[], float] = monotonic
    """Seconds on the scale of `textual.message.Message.time`."""


class KeyGuard:
    """Judges the keys of one dialog, in the order in which they were typed."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._counts_from: float | None = None
        self._early_key = ""
        self._last: float | None = None
        self._gap: float | None = None

    def drawn(self) -> None:
        """Note that the dialog stands on the screen: from here on the quiet time runs."""
        if self._counts_from is None:
            self._counts_from = self.patience.clock() + self.patience.quiet

    def is_early(self, key: Key) -> bool:
        """Say whether a key was typed before the dialog could be read.

        A key that goes on repeating because it is still held down stays early until it is let go.
        """
        if self._counts_from is None:
            self._early_key = key.key
            return True
        if key.time >= self._counts_from:
            return False
        if key.key == self._early_key:
            self._counts_from = key.time + self.patience.quiet
        self._early_key = key.key
        return True

    def note(self, key: Key) -> None:
        """Take down when a key that counts was typed."""
        self._gap = None if self._last is None else key.time - self._last
        self._last = key.time

    def forget(self) -> None:
        """Leave typing aside: what comes next comes from a mouse."""
        self._gap = None

    @property
    def is_burst(self) -> bool:
        """Whether the last key followed the one before it faster than a hand types."""
        return self._gap is not None and self._gap < self.patience.burst
