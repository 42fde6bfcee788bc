"""What a supervisor is asked to do: a row in the store, with a deadline and room for an answer."""

from collections.abc import Container
from enum import StrEnum

from portdash.model.assignment import ServiceKey
from portdash.record import record

REQUEST_KEPT = 60.0
"""Seconds after its deadline for which a request is kept: whoever asked has read the answer by then, or never will."""


_OF_PLAN = "/"


class RequestKind(StrEnum):
    """What a supervisor can be asked for."""

    STOP = "stop"
    """End the child and be over."""
    RESTART = "restart"
    """End the child and start it again on the port it has."""
    MOVE = "move"
    """End the child and start it again on another port."""


@record(kw_only=True)
class Request:
    """One thing that the supervisor of one service is asked to do."""

    id: str
    key: ServiceKey
    kind: RequestKind
    port: int | None = None
    """Where to, for `move`."""
    token: str
    """Of the lease that is asked: a supervisor that came later is not meant."""
    actor: str
    """Who asks, as in history."""
    at: float
    """Unix time in seconds at which it was asked."""
    deadline: float
    """Unix time in seconds from which on nobody waits for the answer, so that nothing is to be done any more."""
    answer: str | None = None
    """What became of it, for people; None until there is an answer."""
    ok: bool | None = None
    """Whether it was done; None until there is an answer."""

    @property
    def plan(self) -> str | None:
        """Id of the plan that it belongs to, None when it belongs to none."""
        plan, slash, _ = self.id.rpartition(_OF_PLAN)
        return plan if slash else None

    @property
    def is_open(self) -> bool:
        """Whether it has no answer yet."""
        return self.ok is None


def request_id(unique: str, *, plan: str | None) -> str:
    """Return the id of a request; by that of its plan, whoever settles the plan finds it."""
    return unique if plan is None else f"{plan}{_OF_PLAN}{unique}"


def is_kept(request: Request, now: float, plans: Container[str | None]) -> bool:
    """Whether a request is still of use; a clock that was set back must not keep it for years.

    Of those of a plan that is at work, `plans` being their ids, none goes: by them the plan is settled.
    """
    return request.plan in plans or request.at - REQUEST_KEPT <= now < request.deadline + REQUEST_KEPT
