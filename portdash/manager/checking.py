"""Whether a port can be had, address by address."""

from collections.abc import Iterator, Sequence

from portdash.machine.addresses import LOCALHOST, NOT_HERE, bind_error_on
from portdash.machine.sockets_system import bound_sockets
from portdash.manager.deps import Deps
from portdash.model.listener import Listener, Process
from portdash.model.ports import IpProtocol
from portdash.planning.port_facts import IPV4_ANY, holder_on
from portdash.record import record

EVERYWHERE = (*LOCALHOST, IPV4_ANY)
"""The addresses that servers are usually bound to."""


@record(kw_only=True)
class OnAddress:
    """One port on one address."""

    address: str
    holder: str | None
    """Who listens there, ready to read."""
    refusal: str | None
    """Why the system does not let it be bound though nobody listens; None where somebody does."""

    @property
    def free(self) -> bool:
        """Whether a server could bind it."""
        return self.holder is None and self.refusal is None


def on_addresses(
    protocol: IpProtocol, port: int, listeners: Sequence[Listener], addresses: Sequence[str]
) -> Iterator[OnAddress]:
    """Yield how a port stands on each address; `listeners` are those of the port. It is bound for an instant."""
    for address in dict.fromkeys(addresses):
        holder = holder_on(tuple(listeners), address)
        refusal = None if holder else bind_error_on(protocol, address, port)
        yield OnAddress(address=address, holder=holder, refusal=refusal)


def free_part(protocol: IpProtocol, port: int, listeners: Sequence[Listener]) -> tuple[str, ...]:
    """Return the usual addresses on which a port that is taken can still be had."""
    return tuple(
        each.address
        for each in on_addresses(protocol, port, listeners, EVERYWHERE)
        if each.free and each.refusal != NOT_HERE
    )


def silent_holders(deps: Deps, port: int) -> tuple[Process, ...]:
    """Return the processes that have a TCP port bound and do not listen on it, as far as the kernel tells."""
    pids = {pid for row in bound_sockets() if row.port == port for pid in row.pids}
    return tuple(process for pid in sorted(pids) if (process := deps.machine.process(pid)))
