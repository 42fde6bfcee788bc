"""What a batch does to the requests to supervisors: pure, and a part of the transition."""

from collections.abc import Container, Iterable

from portdash.model.assignment import Lease
from portdash.model.requests import Request, is_kept
from portdash.model.storage import Answer
from portdash.record import replace
from portdash.store import refusals
from portdash.store.rows import Refusal


class Asked:
    """The requests of a batch half worked through; those whose time is over at `at` go with any batch.

    Not those of `plans`, the ids of the plans that are at work.
    """

    def __init__(self, known: Iterable[Request], at: float, plans: Container[str | None]) -> None:
        self._known = {each.id: each for each in known}
        self.changes: dict[str, Request | None] = {
            key: None for key, each in self._known.items() if not is_kept(each, at, plans)
        }
        """None means that the request goes."""

    def ask(self, request: Request, held: Lease | None) -> None:
        """Put a request to who holds the lease of the service. Raises Refusal when that is another by now."""
        if held is None or held.token != request.token:
            raise Refusal(refusals.not_run(request.key.service))
        self.changes[request.id] = request

    def answer(self, op: Answer) -> None:
        """Answer a request that is there and has no answer yet."""
        known = self.changes[op.request_id] if op.request_id in self.changes else self._known.get(op.request_id)
        if known is not None and known.is_open:
            self.changes[op.request_id] = replace(known, ok=op.ok, answer=op.text)
