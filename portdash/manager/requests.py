"""Asking the supervisor of a service for something, through the store, and answering."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from portdash.errors import NotSupervised, Unanswered
from portdash.identifiers import new_id
from portdash.machine.living import lives
from portdash.manager.deps import Deps
from portdash.model.assignment import Lease, ServiceKey
from portdash.model.requests import Request, RequestKind, request_id
from portdash.model.storage import Answer, Ask, Batch, Op, Rejected
from portdash.text import clean

PATIENCE = {RequestKind.STOP: 30.0, RequestKind.RESTART: 90.0, RequestKind.MOVE: 120.0}
"""Seconds that an answer is waited for: an end takes up to 15, a start up to 30, and a move may have to go back."""
_LOOK = 0.5
"""Seconds after which a waiting process looks whether who was asked still lives."""


class Question(NamedTuple):
    """What is to be asked of whom."""

    key: ServiceKey
    kind: RequestKind
    port: int | None = None


def ask(deps: Deps, key: ServiceKey, kind: RequestKind, *, port: int | None = None) -> Request:
    """Ask the supervisor of one service, and return the request with its answer, which may be a refusal.

    Raises NotSupervised where nobody runs the service, Unanswered where nobody answers, StoreError.
    """
    (request,) = ask_all(deps, (Question(key, kind, port),))
    return request


def ask_all(deps: Deps, questions: Sequence[Question]) -> tuple[Request, ...]:
    """Ask several at once, all or none, and return the answers in their order. Raises as `ask`."""
    requests = requests_for(deps, questions)
    put(deps, "ask " + ", ".join(f"{each.key.service} to {each.kind}" for each in requests), map(Ask, requests))
    return tuple(await_answer(deps, each) for each in requests)


def requests_for(deps: Deps, questions: Iterable[Question], *, plan: str | None = None) -> tuple[Request, ...]:
    """Return questions as they are put, for a plan where there is one, to who supervises now. Raises NotSupervised."""
    now, held = deps.clock.now(), deps.store.snapshot().leases
    return tuple(
        Request(
            id=request_id(new_id(), plan=plan),
            key=each.key,
            kind=each.kind,
            port=each.port,
            token=_supervisor(deps, held.get(each.key), each.key).token,
            actor=deps.actor,
            at=now,
            deadline=now + PATIENCE[each.kind],
        )
        for each in questions
    )


def await_answer(deps: Deps, request: Request) -> Request:
    """Wait for the answer to a request that was put. Raises Unanswered, StoreError."""
    name = clean(request.key.service)
    while True:
        state = deps.store.snapshot()
        known = next((each for each in state.requests if each.id == request.id), None)
        if known is not None and not known.is_open:
            return known
        lease = state.leases.get(request.key)
        if known is None or lease is None or lease.token != request.token or not lives(deps.machine, lease):
            raise Unanswered(f"who runs {name} has ended, without an answer")
        remaining = request.deadline - deps.clock.now()
        if remaining <= 0:
            raise Unanswered(f"who runs {name} did not answer within {PATIENCE[request.kind]:g} s")
        deps.store.watch(state.revision, min(_LOOK, remaining))


def pending(deps: Deps, token: str) -> tuple[Request, ...]:
    """Return what the supervisor with this lease is asked for and has not answered, the oldest first."""
    now = deps.clock.now()
    found = (each for each in deps.store.snapshot().requests if each.token == token and each.is_open)
    return tuple(sorted((each for each in found if now < each.deadline), key=lambda each: (each.at, each.id)))


def answer(deps: Deps, request: Request, *, ok: bool, text: str) -> None:
    """Answer a request. Raises StoreError."""
    put(deps, f"{request.key.service}: {text}", (Answer(request.id, ok, text),))


def put(deps: Deps, title: str, ops: Iterable[Op]) -> None:
    """Store ops that change no row. Raises NotSupervised when one is refused, StoreError."""
    batch = Batch(
        id=new_id(),
        title=title,
        workspace=deps.place.workspace.name,
        actor=deps.actor,
        at=deps.clock.now(),
        ops=tuple(ops),
    )
    reply = deps.store.apply(batch)
    if isinstance(reply, Rejected):
        raise NotSupervised(reply.detail)


def _supervisor(deps: Deps, lease: Lease | None, key: ServiceKey) -> Lease:
    """Return the lease of who supervises a service. Raises NotSupervised."""
    if lease is not None and lease.supervised and lives(deps.machine, lease):
        return lease
    row = deps.store.snapshot().assignments.get(key)
    name = clean(row.name if row else key.service)
    hint = f"`portdash free {row.port}` ends who listens on its port" if row else None
    raise NotSupervised(f"{name} is not run by portdash: there is nobody to ask", hint=hint)
