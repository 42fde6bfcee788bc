"""Instances whose URLs are said: nobody looks for them, and nothing is known of how they do."""

from collections.abc import Iterable

from portdash.discovery.finding import fixed
from portdash.discovery.instance import Instance


class ListedSource:
    """Implements `Source`: always the same, in the order in which they are said."""

    def __init__(self, name: str, urls: Iterable[str]) -> None:
        self.reasons: tuple[str, ...] = ()
        self._instances = tuple(fixed(name, url) for url in urls)

    def current(self) -> tuple[Instance, ...]:
        """Return them."""
        return self._instances

    def refresh(self) -> tuple[Instance, ...]:
        """Return them."""
        return self._instances

    def close(self) -> None:
        """There is nothing to let go of."""
