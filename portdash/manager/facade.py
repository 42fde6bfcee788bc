"""`PortManager`: the manager as one object, for programs that import portdash."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from portdash.config.settings import Flags
from portdash.errors import NoSuchService, UsageError
from portdash.manager.allocate import allocate, settle
from portdash.manager.apply import Outcome, apply_plan
from portdash.manager.deps import Deps
from portdash.manager.events import Callback
from portdash.manager.finding import find_service, workspace_named
from portdash.manager.opening import open_deps
from portdash.manager.plans import plan_move, plan_release, plan_resolve
from portdash.manager.wishes import Wish, wish_of
from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.conflict import Conflict
from portdash.model.names import split_qualified
from portdash.model.plan import Plan, Strategy
from portdash.model.policy import DEFAULT_BASE_PORT
from portdash.model.ports import IpProtocol, PortRange, check_port
from portdash.model.storage import EventKind, Store
from portdash.planning.candidates import next_available
from portdash.text import and_list

_log = logging.getLogger("portdash.allocation")

Word = TypeVar("Word", bound=StrEnum)


class _Unsaid(int):
    """The default base port, told apart from the same number said aloud."""


UNSAID = _Unsaid(DEFAULT_BASE_PORT)


class PortManager:
    """Ports for the services of one workspace. Safe to use from several threads and several processes at once.

    `store` is a store or the URL of one, `config` a configuration file, `workspace` and `environment` names; what is
    left out is found as the command line finds it. Every method raises PortdashError.
    """

    def __init__(
        self,
        base_port: int = UNSAID,
        *,
        store: str | Store | None = None,
        config: str | Path | None = None,
        workspace: str | None = None,
        environment: str | None = None,
        deps: Deps | None = None,
    ) -> None:
        self._deps = deps or _open(store, config, workspace, environment)
        if base_port is not UNSAID:
            self._deps = replace(self._deps, config=replace(self._deps.config, base_port=check_port(base_port)))

    def allocate(
        self,
        name: str,
        *,
        type: str | None = None,  # noqa: A002  the word of the contract
        preferred: int | Sequence[int] | None = None,
        base: int | None = None,
        range: PortRange | tuple[int, int] | None = None,  # noqa: A002  the word of the contract
        strategy: str | None = None,
        lease: bool = True,
        **said: object,
    ) -> Assignment:
        """Give the service a port, or the one it has; the calling process leases it unless `lease=False`.

        Further parameters are those of `portdash.Wish`: exclude, env, inherit_from, purpose, protocol, pin, strict ...
        """
        wish = wish_of(name, type=type, preferred=preferred, base=base, range=range, **said)
        return self.allocate_wishes([wish], strategy=strategy, lease=lease)[0]

    def allocate_wishes(
        self, wishes: Sequence[Wish], *, strategy: str | None = None, lease: bool = True
    ) -> tuple[Assignment, ...]:
        """Give several services their ports, or none of them; what is worth saying goes to the log."""
        found = allocate(self._deps, wishes, strategy=_strategy(strategy), lease=lease)
        for notice in found.notices:
            _log.warning(notice)
        return found.assignments

    def allocate_port(self, name: str, type: str | None = None, preferred: int | None = None) -> Assignment:  # noqa: A002
        """Give the service a port of its type's range, `preferred` if it can be had."""
        return self.allocate(name, type=type, preferred=preferred)

    def assign_port(self, service_name: str, purpose: str = "") -> int:
        """Return the service's port, the next in order if it has none yet."""
        return self.allocate(service_name, purpose=purpose or None).port

    def get_port(self, service_name: str) -> int | None:
        """Return the service's port, None if it has none; the name may be qualified, as in `shop/web`."""
        state, (workspace, name) = self._deps.store.snapshot(), split_qualified(service_name)
        where = workspace_named(state.workspaces, workspace) if workspace else None
        keys = (self._deps.place.key(name, workspace=where, protocol=protocol) for protocol in IpProtocol)
        return next((row.port for key in keys if (row := state.assignments.get(key))), None)

    def release_port(self, service_name: str) -> bool:
        """Give the service's port back; say whether it had one."""
        snapshot = self._deps.observer.snapshot()
        try:
            view = find_service(snapshot, service_name)
        except NoSuchService:
            return False
        if view.assignment is None:
            return False
        settle(self._deps, lambda snapshot: plan_release(self._deps, snapshot, [view.key]))
        return True

    release = release_port

    def reset_assignments(self) -> None:
        """Give back every port of this workspace and environment; `undo` brings them back."""
        keys = list(self._own())
        if keys:
            settle(self._deps, lambda snapshot: plan_release(self._deps, snapshot, keys))

    def get_next_port(self) -> int:
        """Return the port that the next service without wishes would get."""
        return next_available(self._deps.observer.snapshot())

    def export_env_vars(self) -> dict[str, str]:
        """Return the variables of this workspace: a `NAME_PORT` for each service, BASE_PORT and NEXT_PORT."""
        ports = {row.spec.variable: str(row.port) for row in self._own().values()}
        base, after = self._deps.config.base_port, self.get_next_port()
        return {"BASE_PORT": str(base), "NEXT_PORT": str(after), **ports}

    def allocations(self) -> tuple[Assignment, ...]:
        """Return every assignment of this machine, by workspace and name."""
        return tuple(row for _, row in sorted(self._deps.store.snapshot().assignments.items()))

    def conflicts(self) -> tuple[Conflict, ...]:
        """Return where intent and reality disagree, worst first."""
        return self._deps.observer.snapshot().conflicts

    def is_port_available(self, port: int) -> bool:
        """Say whether a server could bind the port now, on every address."""
        return self._deps.machine.bind_error(IpProtocol.TCP, port) is None and not any(
            each.port == port and each.protocol is IpProtocol.TCP for each in self._deps.machine.listeners()
        )

    def plan(self, name: str, *, strategy: str | None = None, to: int | None = None) -> Plan:
        """Plan the way out of the service's conflicts, or its move to `to`; nothing is changed."""
        snapshot = self._deps.observer.snapshot()
        view = find_service(snapshot, name)
        wanted = _strategy(strategy)
        if to is not None:
            return plan_move(self._deps, snapshot, view.key, to, strategy=wanted)
        return plan_resolve(self._deps, snapshot, view.key, strategy=wanted)

    def apply(self, plan: Plan, *, terminate: bool = False) -> Outcome:
        """Apply a plan; `terminate` consents to ending processes that are not ours."""
        return apply_plan(self._deps, plan, consent=terminate)

    def on(self, kind: str, callback: Callback) -> Callable[[], None]:
        """Call `callback` with each event of `kind` (`assigned`, `moved`, `released`, ...); call the result to stop."""
        return self._deps.events.on(_one_of(EventKind, kind), callback)

    def close(self) -> None:
        """Let go of the store."""
        self._deps.close()

    def _own(self) -> Mapping[ServiceKey, Assignment]:
        place = self._deps.place
        here = (place.host, place.user, place.workspace.name, place.environment)
        rows = self._deps.store.snapshot().assignments
        return {
            key: row
            for key, row in sorted(rows.items())
            if (key.host, key.user, key.workspace, key.environment) == here
        }


def _open(store: str | Store | None, config: str | Path | None, workspace: str | None, environment: str | None) -> Deps:
    url = store if isinstance(store, str) else None
    flags = Flags(config=Path(config) if config else None, store=url, workspace=workspace, environment=environment)
    given = None if isinstance(store, str) else store
    return open_deps(
        flags=flags,
        cwd=Path.cwd(),
        environ=os.environ,
        home=Path.home(),
        actor="library",
        store=given,
        tell=_log.warning,
    )


def _strategy(word: str | None) -> Strategy | None:
    return _one_of(Strategy, word) if word else None


def _one_of(vocabulary: type[Word], word: str) -> Word:
    try:
        return vocabulary(word)
    except ValueError as error:
        raise UsageError(f"{word!r} is none of {and_list(vocabulary)}", hint="use one of these words") from error
