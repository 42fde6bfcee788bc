"""Counting services by how they got their ports."""

from collections.abc import Sequence

from portdash.model.assignment import Source
from portdash.model.snapshot import ServiceView
from portdash.record import record


@record(kw_only=True)
class Tally:
    """The figures of a summary."""

    services: int
    sources: dict[Source, int]
    """How many services got their port in which way; ways that do not occur are left out."""
    attempts: int
    """Candidates tried for all of them."""

    def of(self, source: Source) -> int:
        """Return how many services got their port that way."""
        return self.sources.get(source, 0)

    @property
    def success_rate(self) -> float:
        """Services with the port they asked for first, in percent of all, to one decimal."""
        return round(100 * self.of(Source.PREFERRED) / self.services, 1) if self.services else 0.0


def tally(views: Sequence[ServiceView]) -> Tally:
    """Count `views`; a service without a port counts among the services only."""
    rows = [view.assignment for view in views if view.assignment]
    sources = {source: count for source in Source if (count := sum(1 for row in rows if row.source is source))}
    return Tally(services=len(views), sources=sources, attempts=sum(row.attempts for row in rows))
