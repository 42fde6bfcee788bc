"""`PortManager`: the manager as one object, for programs that import portdash."""

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from portdash.config.settings import Flags
from portdash.errors import NoSuchService
from portdash.manager.allocate import settle
from portdash.manager.allocation_log import LOGGER
from portdash.manager.allocator import Allocator
from portdash.manager.apply import Outcome, apply_plan
from portdash.manager.choosing import one_of, strategy_of
from portdash.manager.deps import Deps
from portdash.manager.endpoints import endpoint, endpoint_or
from portdash.manager.events import Callback
from portdash.manager.exporting import own_rows
from portdash.manager.finding import find_service, workspace_named
from portdash.manager.given import check_callback, check_plan, check_truth, check_whereabouts
from portdash.manager.opening import open_deps
from portdash.manager.plans import plan_move, plan_release, plan_resolve
from portdash.manager.suggesting import Suggestion, suggest
from portdash.manager.variables import Variables, env_vars
from portdash.manager.watcher import Watcher
from portdash.model.assignment import Assignment
from portdash.model.conflict import Conflict
from portdash.model.history import EventKind
from portdash.model.names import split_qualified
from portdash.model.plan import Plan
from portdash.model.policy import DEFAULT_BASE_PORT
from portdash.model.ports import IpProtocol, check_port
from portdash.model.storage import Store
from portdash.planning.candidates import next_available


class _Unsaid(int):
    """The default base port, told apart from the same number said aloud."""


UNSAID = _Unsaid(DEFAULT_BASE_PORT)


class PortManager(Allocator):
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
        base = check_port(base_port)
        opened = deps or _open(store, config, workspace, environment)
        if base_port is not UNSAID:
            opened = replace(opened, config=replace(opened.config, base_port=base))
        super().__init__(opened)
        self._watcher = Watcher(opened)

    def get_port(self, service_name: str) -> int | None:
        """Return the service's port, None if it has none; the name may be qualified, as in `shop/web`."""
        state, (workspace, name) = self._deps.store.snapshot(), split_qualified(service_name)
        where = workspace_named(state.workspaces, workspace) if workspace else None
        keys = (self._deps.place.key(name, workspace=where, protocol=protocol) for protocol in IpProtocol)
        return next((row.port for key in keys if (row := state.assignments.get(key))), None)

    def release_port(self, service_name: str) -> bool:
        """Give the service's port back; say whether it had one. Raises InvalidName, StoreError.

        Refused, too, for a service that a `portdash run` looks after: its server has to be stopped first.
        """
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
        keys = [row.key for row in own_rows(self._deps, self._deps.observer.snapshot())]
        if keys:
            settle(self._deps, lambda snapshot: plan_release(self._deps, snapshot, keys))

    def get_next_port(self) -> int:
        """Return the port that the next service without wishes would get."""
        return next_available(self._deps.observer.snapshot())

    def suggest(self, name_or_type: str, *, count: int = 5) -> Suggestion:
        """Return the ports a service, a type or a well-known server (`redis`) would get now; nothing is reserved."""
        return suggest(self._deps, name_or_type, count=count)

    def export_env_vars(self) -> dict[str, str]:
        """Return the variables of this workspace: a `NAME_PORT` for each service, BASE_PORT and NEXT_PORT."""
        return env_vars(self._deps)

    def config(self) -> Variables:
        """Return the ports of this workspace as attributes: `manager.config().WEB_SERVER_PORT`."""
        return Variables(self._deps)

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

    def endpoint(self, name: str, default: str | None = None, *, scheme: str = "http") -> str:
        """Return the URL at which the service answers: where its server was seen, else as assigned or configured.

        Where that cannot be told it is `default`, with a warning in the log, or without one NoSuchService.
        """
        return endpoint_or(default, name, lambda: endpoint(self._deps, name, scheme=scheme))

    def plan(self, name: str, *, strategy: str | None = None, to: int | None = None) -> Plan:
        """Plan the way out of the service's conflicts, or its move to `to`; nothing is changed."""
        snapshot = self._deps.observer.snapshot()
        view = find_service(snapshot, name)
        wanted = strategy_of(strategy)
        if to is not None:
            return plan_move(self._deps, snapshot, view.key, to, strategy=wanted)
        return plan_resolve(self._deps, snapshot, view.key, strategy=wanted)

    def apply(self, plan: Plan, *, terminate: bool = False) -> Outcome:
        """Apply a plan; `terminate` consents to ending processes that are not ours."""
        check_plan(plan)
        check_truth("terminate", terminate)
        return apply_plan(self._deps, plan, consent=terminate)

    def on(self, kind: str, callback: Callback) -> Callable[[], None]:
        """Call `callback` with each event of `kind`, whichever process causes it; call the result to stop.

        `assigned`, `moved`, `updated`, `adopted`, `released`, `terminated`; `conflict` and `resolved`, which look at
        the machine once a second; and `health`, which asks services how they are as the configuration says. Callbacks
        run one at a time, in the thread that changed something or in one that watches until `close`.
        """
        wanted = one_of(EventKind, kind)
        check_callback(callback)
        stop = self._deps.events.on(wanted, callback)
        self._watcher.start(
            conflicts=wanted in (EventKind.CONFLICT, EventKind.RESOLVED), health=wanted is EventKind.HEALTH
        )
        return stop

    def close(self) -> None:
        """Let go of the store, and end what `on` has started."""
        self._watcher.stop()
        self._deps.close()
        self._watcher.join()


def _open(store: str | Store | None, config: str | Path | None, workspace: str | None, environment: str | None) -> Deps:
    check_whereabouts(store=store, config=config, workspace=workspace, environment=environment)
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
        tell=logging.getLogger(LOGGER).warning,
    )
