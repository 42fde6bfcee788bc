"""What every act of the manager works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from portdash.config.settings import Config, Flags
from portdash.health.rounds import Rounds
from portdash.manager.allocation_log import Log, to_logging
from portdash.manager.events import EventStream
from portdash.model.assignment import ServiceKey
from portdash.model.ports import IpProtocol
from portdash.model.workspace import Workspace
from portdash.named_tuple import NamedTuple
from portdash.observer import Observer
from portdash.record import field, record, replace
from portdash.store.neighbours import Neighbours

if TYPE_CHECKING:
    from portdash.model.health import Health
    from portdash.model.sources import Clock, Machine
    from portdash.model.state import StoreState
    from portdash.model.storage import Store


Current = Callable[[], "Deps"]
"""Returns what to work with now, where a configuration that is edited counts at once. From any thread."""


class Place(NamedTuple):
    """Where we are: what completes a bare service name to a key."""

    host: str
    user: str
    workspace: Workspace
    environment: str

    def key(self, name: str, *, workspace: str | None = None, protocol: IpProtocol = IpProtocol.TCP) -> ServiceKey:
        """Return the key of a service of this workspace, or of the one named."""
        return ServiceKey(
            self.host, self.user, workspace or self.workspace.name, self.environment, name.casefold(), protocol
        )

    def is_of(self, key: ServiceKey) -> bool:
        """Whether a service is this host's and user's, in this environment."""
        return (key.host, key.user, key.environment) == (self.host, self.user, self.environment)

    def is_here(self, key: ServiceKey) -> bool:
        """Whether a service is of this workspace as well."""
        return key.workspace == self.workspace.name and self.is_of(key)


class Opened(NamedTuple):
    """How something was opened, for another process that is to work on the same."""

    flags: Flags
    cwd: Path
    """Where the configuration was looked for."""


@record(slots=False)
class Deps:
    """The store, the machine, the configuration, the time and the place. Close it when done."""

    store: Store
    machine: Machine
    config: Config
    clock: Clock
    place: Place
    actor: str
    """Who changes things, as history will call it: `cli`, `dashboard`, `library`, `api`."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """Variables in which overrides are looked for."""
    events: EventStream = field(default_factory=EventStream)
    log: Log = to_logging
    """Who hears what an allocation has to tell."""
    neighbours: Neighbours | None = None
    """The other stores of this machine."""
    verdicts: Callable[[], Mapping[ServiceKey, Health]] = dict
    """How services do, as far as somebody checks them."""
    rounds: Rounds = field(default_factory=Rounds)
    """Who checks services for those in this process who have asked for it."""
    state_dir: Path | None = None
    """Where what is known beside the store is kept, None where nothing is."""
    held: StoreState | None = None
    """What the store held when it was opened, None where nobody looked."""
    opened: Opened | None = None
    """How another process opens the same; None where only this one can."""
    operation: str | None = None
    """The id that the next change has in the store, where who asks may ask again; None makes one."""

    lets_follow: bool = True
    """Whether a plan that moves a service restarts those that follow it; not where it is not there yet, as in `run`."""

    @cached_property
    def observer(self) -> Observer:
        """The one that looks at it all."""
        place = self.place
        return Observer(
            store=self.store,
            machine=self.machine,
            clock=self.clock,
            config=self.config,
            workspace=place.workspace,
            environment=place.environment,
            neighbours=self.neighbours,
            verdicts=self.verdicts,
        )

    def by(self, actor: str) -> Deps:
        """Return the same for another actor."""
        return replace(self, actor=actor)

    def close(self) -> None:
        """Let go of the stores, and of what is kept open of the machine."""
        self.store.close()
        if self.neighbours is not None:
            self.neighbours.close()
        self.machine.let_go()
