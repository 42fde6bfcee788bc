"""Telling a hand from a paste: text that arrives as keys must not act.

`tmux paste-buffer` delivers text as key presses, and people type into the wrong window. Four different printable keys
within 50 ms are no hand's work: they are dropped, all of them. A single key that opens something therefore waits until
the window is over; keys that only move the cursor do not wait, and neither does a key that is held down.
"""

from dataclasses import dataclass, field

BURST = 4
"""So many keys in one window are a burst."""
WINDOW = 0.05
"""Seconds."""


@dataclass(slots=True)
class TypingGuard:
    """Collects printable keys until it is known whether they are typed. Times are seconds on any one scale."""

    window: float = WINDOW
    keys: list[tuple[str, float]] = field(default_factory=list)
    """Keys of the last window, and when they came."""

    def note(self, key: str, at: float) -> bool:
        """Take down a printable key; say whether it belongs to a burst."""
        self.pass_to(at)
        self.keys.append((key, at))
        return self.is_burst

    def pass_to(self, at: float) -> None:
        """Forget what came a window or more before this time: a burst is over by then, whatever key comes next."""
        self.keys = [(each, when) for each, when in self.keys if at - when < self.window]

    @property
    def is_burst(self) -> bool:
        """Whether the keys of the last window are too many and too various for a hand."""
        return len(self.keys) >= BURST and len({key for key, _when in self.keys}) > 1
