"""What becomes of a service that could be given no port, where its caller says that the default will do."""

from portdash.errors import LockedDown, NoPortAvailable, PlanOutdated, PlanUnresolved, PortdashError, StoreError
from portdash.manager.wishes import Wish
from portdash.model.assignment import Reason, ServiceSpec
from portdash.model.default_port import DefaultPort
from portdash.planning.rules import first_choice
from portdash.text import clean

FAILURES = (NoPortAvailable, PlanUnresolved, PlanOutdated, LockedDown, StoreError)
"""Errors that mean: the request is understood, and cannot be met now. Any other is the caller's own mistake."""


def default_for(wish: Wish, error: PortdashError, declared: ServiceSpec | None = None) -> DefaultPort:
    """Return the port that the wish, else the declaration, asks for first; raise `error` where neither does."""
    port = wish.preferred[0] if wish.preferred else wish.base
    if port is None and declared is not None:
        port = first_choice(declared)
    if port is None:
        raise error
    reasons = error.reasons if isinstance(error, NoPortAvailable) else ()
    return DefaultPort(
        name=wish.name,
        port=port,
        problem=error.message,
        reasons=tuple(each for each in reasons if isinstance(each, Reason)),
    )


def warning_of(default: DefaultPort) -> str:
    """Return what the log says of it."""
    return f"{default.problem}; {clean(default.name)} uses its default {default.port}, and nobody keeps it"
