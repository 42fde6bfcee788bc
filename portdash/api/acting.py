"""What the API changes: the manager's functions, between a body that was read and the document of an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from http import HTTPStatus

import msgspec

from portdash.api.board import Board
from portdash.api.bodies import AllocateBody, ResolveBody
from portdash.api.problems import KeyReused, KillNotAllowed
from portdash.api.retries import Key, Reply, Retries
from portdash.api.settings import Settings
from portdash.errors import LockedDown, PlanOutdated, PlanUnresolved
from portdash.manager.allocate import allocate, draft, settle
from portdash.manager.apply import apply_plan
from portdash.manager.asking import to_wish
from portdash.manager.deps import Deps
from portdash.manager.finding import find_service
from portdash.manager.plans import plan_release, plan_resolve
from portdash.model.assignment import ServiceKey
from portdash.model.history import Operation
from portdash.model.plan import Plan
from portdash.model.requests import Request
from portdash.model.snapshot import Snapshot
from portdash.report.serialise import Json, document, plan_json, service_json
from portdash.supervisor.starting import start
from portdash.text import clean

FAR_BACK = 200
"""Operations of the workspace among which one is looked for that was done under a key before a restart."""

LONGEST_LINE = 2000
"""Characters of a line that a service printed which are told."""
NOTHING = Reply(HTTPStatus.NO_CONTENT, b"")
Act = Callable[[Deps], Reply]
Ask = Callable[[Deps, Snapshot, Sequence[ServiceKey]], tuple[Request, ...]]
"""Puts one question to the supervisors of services: `manager.supervising.stop`, `restart`."""


class Actor:
    """Carries out what requests ask for. Every method blocks, and belongs in a thread."""

    def __init__(self, board: Board, settings: Settings) -> None:
        self._board = board
        self._settings = settings
        self._retries = Retries()

    def allocate(self, body: AllocateBody, key: Key | None) -> Reply:
        """Give a service its port: 201 for a new one, 200 for the one it has. Raises as `manager.allocate` does."""
        wish = to_wish(body.wish())

        def act(deps: Deps) -> Reply:
            before = deps.store.snapshot().assignments
            found = allocate(deps, [wish], strategy=body.strategy)
            row = found.assignments[0]
            known = before.get(row.key)
            is_new = known is None or known.port != row.port
            view = self._board.look(anew=True)
            services = [service_json(each, view.snapshot) for each in view.snapshot.services if each.key == row.key]
            told = document(assignments=services, notices=[clean(each, limit=None) for each in found.notices])
            return _reply(HTTPStatus.CREATED if is_new else HTTPStatus.OK, told)

        return self._once(key, act, wish.name, again=lambda: act(self._deps()))

    def release(self, port: int, key: Key | None) -> Reply:
        """Give back the assignment of a port, with those that inherit it: 204. Raises NoSuchService."""

        def act(deps: Deps) -> Reply:
            view = find_service(deps.observer.snapshot(), str(port))
            settle(deps, lambda snapshot: plan_release(deps, snapshot, [view.key]))
            self._board.look(anew=True)
            return NOTHING

        return self._once(key, act, str(port), again=lambda: NOTHING)

    def resolve(self, body: ResolveBody, key: Key | None) -> Reply:
        """Make the plan that ends conflicts, and apply it. Raises KillNotAllowed, PlanUnresolved, Refused."""
        if body.terminate and not self._settings.allow_kill:
            raise KillNotAllowed("this server ends no processes")

        def act(deps: Deps) -> Reply:
            snapshot, plan = draft(deps, lambda snapshot: _plan(deps, snapshot, body))
            if body.dry_run or not plan.steps:
                if plan.is_stuck and not body.dry_run:
                    raise PlanUnresolved("; ".join(left.text for left in plan.unresolved if left.asked))
                return _reply(HTTPStatus.OK, document(plan=plan_json(plan), applied=False))
            apply_plan(deps, plan, snapshot=snapshot, consent=body.terminate)
            self._board.look(anew=True)
            return _reply(HTTPStatus.OK, document(plan=plan_json(plan), applied=True))

        return self._once(key, act, body.service or "conflicts", writes=not body.dry_run)

    def ask(self, name: str, question: Ask, key: Key | None) -> Reply:
        """Ask who runs a service, and tell the answer. Raises NoSuchService, NotSupervised, Unanswered, StoreError."""

        def act(deps: Deps) -> Reply:
            snapshot = deps.observer.snapshot()
            view = find_service(snapshot, name)
            (asked,) = question(deps, snapshot, [view.key])
            self._board.look(anew=True)
            told = document(
                name=clean(view.name),
                workspace=clean(view.key.workspace),
                port=view.port,
                done=bool(asked.ok),
                detail=clean(asked.answer or "", limit=None),
            )
            return _reply(HTTPStatus.OK, told)

        return self._once(key, act, name)

    def start(self, name: str, key: Key | None) -> Reply:
        """Start a service in the background, and tell whether it listens.

        Raises NoSuchService, and what `supervisor.starting.start` raises.
        """

        def act(deps: Deps) -> Reply:
            view = find_service(deps.observer.snapshot(), name)
            begun = start(deps, view.key)
            self._board.look(anew=True)
            told = document(
                name=clean(view.name),
                workspace=clean(view.key.workspace),
                port=begun.port,
                done=begun.listens,
                detail=begun.detail,
                lines=[line[:LONGEST_LINE] for line in begun.lines],
            )
            return _reply(HTTPStatus.OK, told)

        return self._once(key, act, name)

    def _once(
        self, key: Key | None, act: Act, what: str, *, writes: bool = True, again: Callable[[], Reply] | None = None
    ) -> Reply:
        """Do it, unless it was done under this key before; `again` answers for what a server before this one did."""
        deps = self._deps()
        if writes and deps.config.read_only:
            raise LockedDown(f"read-only: nothing was done about {what}", hint="start the server without --read-only")
        if key is None:
            return act(deps)
        if earlier := self._retries.earlier(key):
            return earlier
        with self._retries.first(key):
            done = _done_before(deps, key)
            if done is None:
                reply = act(replace(deps, operation=key.operation))
            elif again is not None and _is_as_left(deps, done):
                reply = again()
            else:
                raise PlanOutdated(
                    f"this was done before, as revision {done.revision}, and more has been changed since",
                    hint="GET the allocations: they say what there is now",
                )
            self._retries.keep(key, reply)
            return reply

    def _deps(self) -> Deps:
        """Return what to work with. Overrides stand in the environment of who asks, and a server has only its own."""
        return replace(self._board.deps(), environ={})


def _is_as_left(deps: Deps, done: Operation) -> bool:
    """Whether the services have what an operation gave them."""
    rows = deps.store.snapshot().assignments
    return all(rows.get(change.key) == change.after for change in done.changes)


def _done_before(deps: Deps, key: Key) -> Operation | None:
    """Return what a server before this one did under the key. Raises KeyReused."""
    for operation in deps.store.operations(deps.place.workspace.name, limit=FAR_BACK):
        if operation.id == key.operation:
            return operation
        if operation.id.startswith(f"{key.key}-"):
            raise KeyReused("this Idempotency-Key came with another request")
    return None


def _plan(deps: Deps, snapshot: Snapshot, body: ResolveBody) -> Plan:
    service = find_service(snapshot, body.service).key if body.service is not None else None
    return plan_resolve(deps, snapshot, service, strategy=body.strategy)


def _reply(status: HTTPStatus, body: Json) -> Reply:
    return Reply(status, msgspec.json.encode(body))
