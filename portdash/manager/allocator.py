"""The part of a `PortManager` that gives ports, in the words of several port managers."""

import logging
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal, overload

from portdash.config.exported import check_variable
from portdash.errors import PortdashError, UsageError
from portdash.manager.allocate import allocate
from portdash.manager.allocation_log import LOGGER
from portdash.manager.asking import Asked, named, searching, to_wish, to_wishes
from portdash.manager.choosing import strategy_of
from portdash.manager.defaulting import FAILURES, default_for, warning_of
from portdash.manager.deps import Deps
from portdash.manager.given import check_truth
from portdash.manager.wishes import Wish
from portdash.model.assignment import Assignment
from portdash.model.default_port import DefaultPort
from portdash.model.ports import PortRange
from portdash.text import shown

_log = logging.getLogger(LOGGER)

OnFailure = Literal["default"]


class Allocator:
    """Gives ports.

    With `on_failure="default"` a service that can be given none gets the port it asks for first, kept by nobody.
    """

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    @overload
    def allocate(self, name: str, *, on_failure: None = None, **wishes: Any) -> Assignment: ...  # noqa: ANN401

    @overload
    def allocate(self, name: str, *, on_failure: OnFailure, **wishes: Any) -> Assignment | DefaultPort: ...  # noqa: ANN401

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
        **said: Any,
    ) -> Assignment | DefaultPort:
        """Give the service a port, or the one it has; the calling process leases it unless `lease=False`.

        Further parameters are those of `portdash.Wish`: exclude, env, inherit_from, purpose, protocol, pin, strict ...
        """
        wish = searching(name, type=type, preferred=preferred, base=base, range=range, **said)
        return self.allocate_wish(wish, strategy=strategy, lease=lease, on_failure=on_failure)

    def allocate_wishes(
        self, wishes: Sequence[Wish], *, strategy: str | None = None, lease: bool = True
    ) -> tuple[Assignment, ...]:
        """Give several services their ports, or none of them; what is worth saying goes to the log."""
        check_truth("lease", lease)
        found = allocate(self._deps, to_wishes(wishes), strategy=strategy_of(strategy), lease=lease)
        for notice in found.notices:
            _log.warning(notice)
        return found.assignments

    def allocate_many(
        self, services: Iterable[Asked], *, strategy: str | None = None, lease: bool = True
    ) -> tuple[Assignment, ...]:
        """Give several services their ports, or none: names, specs, wishes, or dicts like `{"name": …, "base": …}`."""
        return self.allocate_wishes(to_wishes(services), strategy=strategy, lease=lease)

    @overload
    def allocate_port(
        self,
        name: str | None = None,
        type: str | None = None,
        preferred: int | None = None,
        *,
        service_name: str | None = None,
        base_port: int | None = None,
        max_port: int | None = None,
        exclude: int | Collection[int] = (),
        on_failure: None = None,
    ) -> Assignment: ...

    @overload
    def allocate_port(
        self,
        name: str | None = None,
        type: str | None = None,
        preferred: int | None = None,
        *,
        service_name: str | None = None,
        base_port: int | None = None,
        max_port: int | None = None,
        exclude: int | Collection[int] = (),
        on_failure: OnFailure,
    ) -> Assignment | DefaultPort: ...

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
    ) -> Assignment | DefaultPort:
        """Give a service a port: `preferred` or one of its type's range, or one from `base_port` to `max_port`.

        Without `max_port` the search ends at base_port + 100. `service_name` is another word for `name`.
        """
        wish = searching(
            named(name, service_name),
            type=type,
            preferred=preferred,
            base=base_port,
            max_port=max_port,
            exclude=exclude,
        )
        return self.allocate_wish(wish, on_failure=on_failure)

    def assign_port(self, service_name: str, purpose: str = "") -> int:
        """Return the service's port, the next in order if it has none yet."""
        return self.allocate(service_name, purpose=None if purpose == "" else purpose).port

    def port_from_env(self, variable: str, name: str, base: int | None = None) -> int:
        """Return the port that an environment variable says, if the service can have it, else one that it is given.

        A variable that is no port, or one that is taken, is a warning in the log.
        """
        return self.allocate(name, base=base, env=check_variable(variable)).port

    def allocate_wish(
        self, wish: Wish, *, strategy: str | None = None, lease: bool = True, on_failure: OnFailure | None = None
    ) -> Assignment | DefaultPort:
        """Give one service its port, or, if the caller agrees, the one that it asks for first."""
        check_on_failure(on_failure)
        wish = to_wish(wish)
        try:
            return self.allocate_wishes([wish], strategy=strategy, lease=lease)[0]
        except FAILURES as error:
            if on_failure is None:
                raise
            return self._default(wish, error)

    def _default(self, wish: Wish, error: PortdashError) -> DefaultPort:
        declared = self._deps.config.service(wish.name.rpartition("/")[2])
        default = default_for(wish, error, declared.spec if declared else None)
        _log.warning(warning_of(default))
        return default


def check_on_failure(word: str | None) -> None:
    """Raise UsageError for anything but None and `default`."""
    if word not in (None, "default"):
        raise UsageError(f"on_failure={shown(word)} means nothing", hint='say on_failure="default", or leave it out')
