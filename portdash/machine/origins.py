"""What stands above the owner of a socket: its parents, who started it, what its environment tells."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from portdash.machine.ancestry import ancestors, container_of, is_orphan, parents, title, unit_of, via
from portdash.machine.processes import Setting
from portdash.machine.reloaders import reloader_of
from portdash.model.listener import NO_HINTS, Ancestor, Container, Hints, Process
from portdash.named_tuple import NamedTuple
from portdash.planning.frameworks import framework_of

if TYPE_CHECKING:
    from portdash.machine.panes import Panes
    from portdash.model.sources import ProcessTable


@runtime_checkable
class KnowsSettings(Protocol):
    """A process table that also knows what surrounds a process."""

    def setting(self, pid: int) -> Setting:
        """Return what surrounds a process."""
        ...


@runtime_checkable
class KnowsHints(Protocol):
    """A process table that also knows what the environment of a process tells."""

    def hints(self, pid: int) -> Hints:
        """Return what it tells; nothing where it may not be read."""
        ...


class Origin(NamedTuple):
    """What stands above one owner, worked out once for all its sockets."""

    ancestors: tuple[Ancestor, ...]
    via: str | None
    orphan: bool
    container: Container | None
    unit: str | None
    framework: str | None
    title: str | None
    hints: Hints
    setting: Setting = Setting()
    """What surrounded the owner when this was worked out."""


class Origins:
    """Works out where owners come from. `user` is whom we run as."""

    def __init__(self, processes: ProcessTable, user: str) -> None:
        self._settings = processes if isinstance(processes, KnowsSettings) else None
        self._environs = processes if isinstance(processes, KnowsHints) else None
        self._user = user

    @cached_property
    def _panes(self) -> Panes:
        from portdash.machine.panes import Panes  # noqa: PLC0415 (only where something runs in tmux)

        return Panes()

    def of(self, table: ProcessTable, owner: Process) -> Origin:
        """Return what stands above an owner, in `table`, which remembers what it was asked."""
        chain = parents(table, owner)
        setting = self.setting(owner.pid)
        # A daemon of a system's user without systemd looks just like one, and is none.
        orphan = owner.user == self._user and is_orphan(chain, setting)
        hints = self._hints(owner.pid)
        return Origin(
            ancestors=ancestors(chain),
            via=self._via(owner, chain, via(owner, chain, setting, orphan=orphan), hints),
            orphan=orphan,
            unit=unit_of(setting.cgroup),
            framework=framework_of(owner.name or "", owner.command or ()),
            title=title(owner),
            hints=hints,
            container=container_of(setting.cgroup),
            setting=setting,
        )

    def still_holds(self, owner: Process, origin: Origin) -> bool:
        """Say whether an origin is what it was, where the owner and all above it are as they were.

        Of those in a tmux that takes working it out again: a window may have got another name.
        """
        return not (origin.via or "").startswith("tmux") and self.setting(owner.pid) == origin.setting

    def _via(self, owner: Process, chain: Sequence[Process], starter: str | None, hints: Hints) -> str | None:
        """Return who started it with what that one calls it, and who starts it again: `tmux 1.0 › nodemon`."""
        if starter == "tmux" and (place := self._panes.place(owner, chain)):
            starter = f"tmux {place}"
        elif starter == "pm2" and hints.pm2:
            starter = f"pm2 {hints.pm2}"
        return " › ".join(filter(None, (starter, reloader_of(chain)))) or None

    def _hints(self, pid: int) -> Hints:
        return self._environs.hints(pid) if self._environs else NO_HINTS

    def setting(self, pid: int) -> Setting:
        """Return what surrounds a process; nothing where the table does not know."""
        return self._settings.setting(pid) if self._settings else Setting()
