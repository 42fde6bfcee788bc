"""A manager that manages nothing, for code that takes one and is to run without."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from portdash.config.exported import check_variable
from portdash.errors import InvalidPort, NoPortAvailable, NoSuchService, Refused
from portdash.machine.availability import bind_error
from portdash.manager.allocator import OnFailure, check_on_failure
from portdash.manager.asking import Asked, named, searching, to_wishes
from portdash.manager.choosing import one_of, strategy_of
from portdash.manager.endpoints import endpoint_or
from portdash.manager.events import Callback
from portdash.manager.given import check_callback, check_plan, check_ports, check_text, check_truth
from portdash.manager.suggesting import Suggestion, check_asked
from portdash.manager.wishes import Wish
from portdash.model.assignment import url_of
from portdash.model.default_port import DefaultPort
from portdash.model.history import EventKind
from portdash.model.names import split_qualified, variable_for
from portdash.model.plan import Plan
from portdash.model.policy import DEFAULT_BASE_PORT
from portdash.model.ports import IpProtocol, PortRange, check_port, parse_port
from portdash.text import clean

WHY = "no port manager is in use"


class NullPortManager:
    """What a PortManager can be asked, answered without a store: each service has the first port it asks for.

    `ports` are those of services that ask for none. Nothing is kept, nothing is checked against other services, and
    no event is ever told; a service without any port is NoPortAvailable.
    """

    def __init__(self, base_port: int = DEFAULT_BASE_PORT, *, ports: Mapping[str, int] | None = None) -> None:
        self._base_port = check_port(base_port)
        check_ports("ports", ports)
        self._ports = {split_qualified(name)[1].casefold(): check_port(port) for name, port in (ports or {}).items()}
        self._names = tuple(ports or ())

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
        on_failure: OnFailure | None = None,
        **said: Any,  # noqa: ANN401  checked where the wish is made
    ) -> DefaultPort:
        """Return the port that the service asks for first, whoever has it."""
        wish = searching(name, type=type, preferred=preferred, base=base, range=range, **said)
        return self.allocate_wish(wish, strategy=strategy, lease=lease, on_failure=on_failure)

    def allocate_wishes(
        self,
        wishes: Sequence[Wish],
        *,
        strategy: str | None = None,
        lease: bool = True,
    ) -> tuple[DefaultPort, ...]:
        """Return the port that each service asks for first."""
        strategy_of(strategy)
        check_truth("lease", lease)
        return tuple(map(self._default, to_wishes(wishes)))

    def allocate_many(
        self, services: Iterable[Asked], *, strategy: str | None = None, lease: bool = True
    ) -> tuple[DefaultPort, ...]:
        """Return the port that each service asks for first."""
        return self.allocate_wishes(to_wishes(services), strategy=strategy, lease=lease)

    def allocate_port(
        self,
        name: str | None = None,
        type: str | None = None,  # noqa: A002  the word of the contract
        preferred: int | None = None,
        *,
        service_name: str | None = None,
        base_port: int | None = None,
        max_port: int | None = None,
        exclude: int | Collection[int] = (),
        on_failure: OnFailure | None = None,
    ) -> DefaultPort:
        """Return `preferred`, else `base_port`, else what `ports` says."""
        wish = searching(
            named(name, service_name),
            type=type,
            preferred=preferred,
            base=base_port,
            max_port=max_port,
            exclude=exclude,
        )
        return self.allocate_wish(wish, on_failure=on_failure)

    def allocate_wish(
        self, wish: Wish, *, strategy: str | None = None, lease: bool = True, on_failure: OnFailure | None = None
    ) -> DefaultPort:
        """Return the port that the service asks for first."""
        check_on_failure(on_failure)
        return self.allocate_wishes([wish], strategy=strategy, lease=lease)[0]

    def assign_port(self, service_name: str, purpose: str = "") -> int:
        """Return what `ports` says."""
        return self.allocate(service_name, purpose=None if purpose == "" else purpose).port

    def port_from_env(self, variable: str, name: str, base: int | None = None) -> int:
        """Return the port that an environment variable says, else `base`, else what `ports` says."""
        try:
            return parse_port(os.environ.get(check_variable(variable), "").strip())
        except InvalidPort:
            return self.allocate(name, base=base, env=variable).port

    def get_port(self, service_name: str) -> int | None:
        """Return what `ports` says."""
        return self._ports.get(split_qualified(service_name)[1].casefold())

    def release_port(self, service_name: str) -> bool:
        """Return False: nobody has a port."""
        split_qualified(service_name)
        return False

    release = release_port

    def reset_assignments(self) -> None:
        """There is nothing to give back."""

    def get_next_port(self) -> int:
        """Return the base port."""
        return self._base_port

    def export_env_vars(self) -> dict[str, str]:
        """Return BASE_PORT, NEXT_PORT, and the variables of `ports`."""
        services = (split_qualified(name)[1] for name in self._names)
        ports = {variable_for(name): str(self._ports[name.casefold()]) for name in services}
        return {"BASE_PORT": str(self._base_port), "NEXT_PORT": str(self._base_port), **ports}

    def config(self) -> SimpleNamespace:
        """Return the variables as attributes."""
        return SimpleNamespace(**{name: int(port) for name, port in self.export_env_vars().items()})

    def allocations(self) -> tuple[()]:
        """Return nothing: nothing is assigned."""
        return ()

    def conflicts(self) -> tuple[()]:
        """Return nothing: nobody wants a port in particular."""
        return ()

    def is_port_available(self, port: int) -> bool:
        """Say whether the kernel would let a server bind the port now."""
        return bind_error(IpProtocol.TCP, port) is None

    def endpoint(self, name: str, default: str | None = None, *, scheme: str = "http") -> str:
        """Return the URL of the port in `ports`, else `default`."""
        return endpoint_or(default, name, lambda: url_of(self._port(name), scheme))

    def suggest(self, name_or_type: str, *, count: int = 5) -> Suggestion:
        """Raise NoPortAvailable: nothing is known of who has which port."""
        check_asked(name_or_type, count)
        raise NoPortAvailable(
            f"no port can be suggested for {clean(name_or_type)}: {WHY}", hint="make a portdash.PortManager"
        )

    def plan(self, name: str, *, strategy: str | None = None, to: int | None = None) -> Plan:
        """Raise NoSuchService: there is nothing to plan for."""
        check_text(name)
        strategy_of(strategy)
        if to is not None:
            check_port(to)
        raise NoSuchService(f"{clean(name)} has no assignment: {WHY}", hint="make a portdash.PortManager")

    def apply(self, plan: Plan, *, terminate: bool = False) -> None:
        """Raise Refused."""
        check_plan(plan)
        check_truth("terminate", terminate)
        raise Refused(f"{plan.title} was not done: {WHY}", hint="make a portdash.PortManager")

    def on(self, kind: str, callback: Callback) -> Callable[[], None]:
        """Do nothing: nothing will happen."""
        one_of(EventKind, kind)
        check_callback(callback)
        return lambda: None

    def close(self) -> None:
        """There is nothing to let go of."""

    def _default(self, wish: Wish) -> DefaultPort:
        port = next(iter(wish.preferred or ()), wish.base)
        port = self.get_port(wish.name) if port is None else port
        if port is None:
            raise NoPortAvailable(f"{clean(wish.name)} asks for no port, and {WHY}", hint="say ports={…}, or base=…")
        return DefaultPort(name=wish.name, port=port, problem=WHY)

    def _port(self, name: str) -> int:
        port = self.get_port(name)
        if port is None:
            raise NoSuchService(f"{clean(name)} has no port: {WHY}", hint="say ports={…}")
        return port
