"""Where the instances of a service come from, as a client asks for them."""

from typing import Protocol, runtime_checkable

from portdash.discovery.instance import Instance


@runtime_checkable
class Source(Protocol):
    """The instances of one service. Safe to use from several threads at once."""

    def current(self) -> tuple[Instance, ...]:
        """Return the instances as last found, without those that are known to have ended since; empty is an answer.

        Costs next to nothing while what was found can be trusted.
        """
        ...

    def refresh(self) -> tuple[Instance, ...]:
        """Look again, and return what there is. Raises StoreError."""
        ...

    def close(self) -> None:
        """Give back what watching the instances takes."""
        ...
