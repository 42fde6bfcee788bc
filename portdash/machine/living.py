"""Whether a process that was written down is still that very process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from portdash.model.sources import Machine


class Written(Protocol):
    """A row of the store that names a process of this machine: a lease, or a plan at work."""

    @property
    def pid(self) -> int:
        """Its pid."""
        ...

    @property
    def started(self) -> int:
        """Its start in kernel ticks since boot, 0 where the system does not tell."""
        ...

    @property
    def boot_id(self) -> str:
        """The boot in which it ran."""
        ...


def lives(machine: Machine, row: Written) -> bool:
    """Say whether the process of a row lives: pids are used again, and ticks count from each boot anew."""
    process = machine.process(row.pid) if row.boot_id == machine.boot_id() else None
    return process is not None and process.ticks == row.started
