"""The dashboard's only door to the core. Widgets and screens take a Desk and a Snapshot, never a store or a machine.

A look is all that the first table needs. What plans, acts and asks is behind the methods that do so, and is loaded when
the first of them is called.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, ClassVar, Protocol

from portdash.config.paths import PROJECT_FILE, state_dir
from portdash.config.urls import redacted
from portdash.dashboard.planner import Planner
from portdash.manager.looking import look
from portdash.model.names import base_name
from portdash.store.schema import EVENTS_KEPT
from portdash.text import clean

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from portdash.config.show import Row as Setting
    from portdash.dashboard.ends import Ends
    from portdash.dashboard.key_names import KeyNames
    from portdash.dashboard.left_to_do import LeftToDo
    from portdash.dashboard.rows.asked import Past
    from portdash.dashboard.under_way import UnderWay
    from portdash.health.pulse import Pulse
    from portdash.health.record import Watched
    from portdash.health.targets import Kinds
    from portdash.health.unregistered import Answer
    from portdash.manager.apply import Outcome
    from portdash.manager.deps import Deps
    from portdash.manager.reloading import Load, Reloading
    from portdash.model.assignment import Lease, ServiceKey
    from portdash.model.health import Health
    from portdash.model.history import Event
    from portdash.model.listener import Listener
    from portdash.model.plan import Plan
    from portdash.model.requests import RequestKind
    from portdash.model.snapshot import ServiceView, Snapshot
    from portdash.supervisor.cancelling import Cancel
    from portdash.supervisor.last_end import LastEnd
    from portdash.supervisor.progress import Tell
    from portdash.supervisor.starting import Start

    Ask = Callable[[Listener, Deps], Awaitable[Answer]]
    """Asks a listener that is no service what it is and how it does."""


class Checks(Protocol):
    """Who asks services how they are: a `portdash.health.rounds.Round`, or a `Monitor`."""

    def watch(self, services: Mapping[ServiceKey, Watched], /) -> None:
        """Ask these from now on, and no others."""

    def verdicts(self) -> Mapping[ServiceKey, Health]:
        """Return the verdict on each."""

    def pulses(self) -> Mapping[ServiceKey, Pulse]:
        """Return what the checks of each have come to."""

    def hurry(self, key: ServiceKey, /) -> None:
        """Ask one now rather than at its time."""


async def ask_at_all(listener: Listener, deps: Deps) -> Answer:
    """Ask it in the way of its kind."""
    from portdash.health.unregistered import ask_stranger  # noqa: PLC0415

    return await ask_stranger(listener, deps.clock.now(), deps.config.health)


class Desk(Planner):
    """Looks, plans and applies.

    Planning is pure and takes milliseconds: call it where you like. `look`, `wait_for_change` and `apply` block, and
    belong in a thread worker. Everything raises what the manager raises: classes of `portdash.errors`.

    `monitor` is told by `attend` which services there are, and what it says of them is in the next look. Who makes it
    starts and stops it. `ask` is who asks a listener that is no service, where somebody wants that. `load` reads the
    configuration anew where a look finds that its files have changed.
    """

    config_error = ""
    """What is wrong with the configuration files as they are now; the last good ones are in force meanwhile."""
    config_gone: tuple[str, ...] = ()
    """Configuration files that counted until they were taken away, by path as it is shown."""
    when_renewed: Callable[[], object] = staticmethod(lambda: None)
    """Called by a look, in its thread, when an edited configuration has come into force."""
    _reloading: Reloading | None = None
    _keys: KeyNames | None = None
    _under_way: UnderWay | None = None
    _ends: Ends | None = None
    _making: ClassVar[Lock] = Lock()
    _left: LeftToDo | None = None
    """What is to be started by hand; None while nothing has been done here."""

    def __init__(
        self,
        deps: Deps,
        *,
        monitor: Checks | None = None,
        ask: Ask = ask_at_all,
        load: Load | None = None,
    ) -> None:
        super().__init__(replace(deps, verdicts=monitor.verdicts) if monitor else deps)
        if load is not None:
            from portdash.manager.reloading import Reloading  # noqa: PLC0415  the invented machine has no files

            self._reloading = Reloading(load, self._deps)
        self._monitor = monitor
        self._ask = ask
        self._kinds: Kinds | None = None

    @property
    def deps(self) -> Deps:
        """What the manager works with, for screens that need more than is here (the report, the configuration)."""
        return self._deps

    @property
    def keys(self) -> KeyNames:
        """How texts name keys: as the app has bound them, else as the configuration says."""
        if self._keys is None:
            from portdash.dashboard.keymap import make_keymap  # noqa: PLC0415  an app has said so

            self._keys = make_keymap(self._deps.config.keys).names
        return self._keys

    def name_keys(self, names: KeyNames) -> None:
        """Take the names of the keys as they are bound."""
        self._keys = names

    @property
    def is_read_only(self) -> bool:
        """Whether nothing may be changed."""
        return self._deps.config.read_only

    @property
    def under_way(self) -> UnderWay:
        """What is being done at this moment. May be asked from any thread."""
        with self._making:
            if self._under_way is None:
                from portdash.dashboard.under_way import UnderWay  # noqa: PLC0415  not for the first frame

                self._under_way = UnderWay(self.now)
            return self._under_way

    @property
    def home(self) -> str:
        """The directory that is shown as `~`."""
        return self._deps.environ.get("HOME") or str(Path.home())

    def is_own_doing(self, at: float) -> bool:
        """Say whether what is seen at a time (unix) may have come of what was done here a moment before."""
        return self.under_way.explains(at)

    def is_done_to(self, key: ServiceKey, at: float) -> bool:
        """Say whether what is seen of a service at a time (unix) may have come of what was done to it here."""
        return self._under_way is not None and self._under_way.is_about(key, at)

    def _concerned(self, plan: Plan) -> set[ServiceKey]:
        """Return the services that a plan does something to: those it names, and those whose ports it frees."""
        freed = {(step.target.protocol, step.target.port) for step in plan.steps if step.target}
        rows = self._deps.store.snapshot().assignments if freed else {}
        holders = {key for key, row in rows.items() if (key.protocol, row.port) in freed}
        return holders | {step.key for step in plan.steps if step.key}

    def now(self) -> float:
        """Return unix time in seconds."""
        return self._deps.clock.now()

    def look(self) -> Snapshot:
        """Return everything as it is now. Blocks; raises PortdashError."""
        if self._reloading is not None:
            before, self._deps = self._deps, self._reloading.renewed(self._deps)
            self.config_error = self._reloading.error
            if self._deps is not before:
                from portdash.report.starting import tilde  # noqa: PLC0415  rare

                self.config_gone = tuple(tilde(str(path), self.home) for path in self._reloading.gone)
                self.when_renewed()
        return look(self._deps, settle_changed=False)

    def attend(self, snapshot: Snapshot) -> None:
        """Have the services of this snapshot checked from now on, and no others."""
        if self._monitor is None or (self._kinds is None and not snapshot.services):
            return  # all that asks would be loaded for nothing
        from portdash.health.targets import Kinds, targets  # noqa: PLC0415

        self._kinds = self._kinds or Kinds()
        self._monitor.watch(targets(snapshot, self._deps.config, kind=self._kinds))

    def pulses(self) -> Mapping[ServiceKey, Pulse]:
        """Return what the checks of each service that is asked have come to."""
        return self._monitor.pulses() if self._monitor else {}

    def check_now(self, key: ServiceKey) -> None:
        """Have a service checked at once rather than at its time."""
        if self._monitor:
            self._monitor.hurry(key)

    def probe(self, listener: Listener) -> Answer:
        """Ask a listener that is no service, once, what it is and how it does. Blocks for seconds at most."""
        import asyncio  # noqa: PLC0415

        async def ask() -> Answer:
            return await self._ask(listener, self._deps)

        return asyncio.run(ask())

    def history(self) -> tuple[Event, ...]:
        """Return what has happened, oldest first, as far back as it is kept. Blocks; raises StoreError."""
        return tuple(reversed(self._deps.store.events(limit=EVENTS_KEPT)))

    def past_of(self, snapshot: Snapshot, view: ServiceView) -> Past:
        """Return what the store and the project's files tell of a service. Blocks; says itself what went wrong."""
        from portdash.dashboard.pasts import past_of  # noqa: PLC0415

        return past_of(self._deps, snapshot, view)

    def settings_of(self, view: ServiceView) -> tuple[Setting, ...]:
        """Return what the configuration declares of a service; nothing for one of another workspace."""
        from portdash.config.show import service_rows  # noqa: PLC0415

        is_here = not view.is_remote and view.key.workspace == self._deps.place.workspace.name
        return service_rows(self._deps.config, base_name(view.name)) if is_here else ()

    def config_files(self, snapshot: Snapshot) -> dict[str, str]:
        """Return the portdash.toml of each workspace that has one, by its name. Blocks: it asks the disk."""
        found = {}
        for workspace in snapshot.workspaces:
            if workspace.root is None:
                continue
            file = os.path.join(workspace.root, PROJECT_FILE)  # noqa: PTH118  it is asked for at each look
            if os.path.isfile(file):  # noqa: PTH113  as above; a root that no file system takes has none
                found[workspace.name] = file
        return found

    def elsewhere(self) -> tuple[tuple[str, str], ...]:
        """Return the services that are declared to run elsewhere, by name and URL, ready to show."""
        config = self._deps.config
        found = [(each.name, config.url_of(each.name)) for each in config.services if each.url is not None]
        return tuple((clean(name), clean(redacted(url or ""), limit=None)) for name, url in found)

    def begun(self, lease: Lease) -> float | None:
        """Return when the process that has a lease was started, Unix time in seconds; None where that is not known."""
        process = self._deps.machine.process(lease.pid)
        return process.started_at if process else None

    def ends(self, snapshot: Snapshot) -> dict[ServiceKey, LastEnd]:
        """Return how services that do not run came to their end last, as far as a `run` has noted it. Blocks."""
        if self._ends is None:
            from portdash.dashboard.ends import Ends  # noqa: PLC0415  not for the first frame

            self._ends = Ends(self.log_of)
        views = (view for view in snapshot.services if view.assignment and not view.is_running)
        return self._ends.of(view.key for view in views if view.key.user == snapshot.user)

    def log_of(self, key: ServiceKey) -> Path:
        """Return where the output of a service is kept, if it was started by portdash."""
        from portdash.supervisor.logs import log_path  # noqa: PLC0415

        return log_path(state_dir(self._deps.environ, Path(self.home)), key)

    def wait_for_change(self, revision: int, timeout: float) -> bool:
        """Wait until the store has another revision, at most `timeout` seconds; say whether it has. Blocks."""
        current: int = self._deps.store.watch(revision, timeout)
        return current != revision

    def apply(self, plan: Plan, *, consent: bool = False, progress: Callable[[str], None] | None = None) -> Outcome:
        """Carry a plan out. Blocks; what it raises (Refused and its kin, StoreError) means that no row was changed."""
        from portdash.dashboard.left_to_do import LeftToDo  # noqa: PLC0415
        from portdash.manager.apply import apply_plan  # noqa: PLC0415

        with self.under_way.acting(self._concerned(plan)):
            outcome = apply_plan(self._deps, plan, consent=consent, progress=progress)
        with self._making:
            self._left = self._left or LeftToDo()
        self._left.note(plan, outcome, self.now())
        return outcome

    def to_do(self, snapshot: Snapshot) -> Mapping[ServiceKey, str]:
        """Return how each service is started that does not run because of what was done here, while that is so."""
        return self._left.lines(snapshot, self.home) if self._left is not None else {}

    def ask_supervisor(self, key: ServiceKey, kind: RequestKind) -> tuple[bool, str]:
        """Ask who runs a service to stop or restart it; return whether it was done, and the answer. Blocks.

        Raises NotSupervised, Unanswered, StoreError.
        """
        from portdash.manager.requests import ask  # noqa: PLC0415

        with self.under_way.acting((key,)):
            request = ask(self._deps, key, kind)
        return bool(request.ok), request.answer or ""

    def start(self, key: ServiceKey) -> Start:
        """Start a service in the background, and return how that went. Blocks; raises PortdashError.

        It goes on by itself once `under_way` lets it go.
        """
        from portdash.supervisor.starting import start  # noqa: PLC0415

        with self.under_way.waiting((key,)) as leave:
            return start(self._deps, key, leave=leave)

    def start_all(self, keys: Sequence[ServiceKey], *, tell: Tell, cancel: Cancel) -> bool:
        """Start services with what they depend on; say whether all are up. Blocks; raises PortdashError.

        It goes on by itself once `under_way` lets it go: nothing more is told of it then, and False is returned.
        """
        from portdash.supervisor.starting_all import start_all  # noqa: PLC0415

        with self.under_way.waiting(keys) as leave:
            return start_all(self._deps, keys, tell=tell, cancel=cancel, leave=leave)

    def workspace_names(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Return the names of all workspaces, ours first."""
        names = sorted(workspace.name for workspace in snapshot.workspaces)
        return tuple(sorted(names, key=lambda name: name != snapshot.workspace))
