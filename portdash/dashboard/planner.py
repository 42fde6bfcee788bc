"""What the dashboard asks before anything is done: plans, and what starting would run. Nothing here changes anything.

What plans is loaded when the first plan is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from portdash.manager.deps import Deps
    from portdash.manager.wishes import Wish
    from portdash.model.assignment import ServiceKey
    from portdash.model.ending import Allowance
    from portdash.model.listener import Listener
    from portdash.model.plan import Plan, Strategy
    from portdash.model.ports import IpProtocol
    from portdash.model.snapshot import Snapshot
    from portdash.supervisor.starting import Startable


class Planner:
    """Plans with the manager's planners, and raises what they raise. It takes milliseconds; what blocks says so."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    def plan_allocate(self, snapshot: Snapshot, wish: Wish, strategy: Strategy | None = None) -> Plan:
        """Plan a port for one service."""
        from portdash.manager.plans import plan_allocate  # noqa: PLC0415

        return plan_allocate(self._deps, snapshot, (wish,), strategy=strategy)

    def plan_move(self, snapshot: Snapshot, key: ServiceKey, to: int | None = None) -> Plan:
        """Plan another port for a service: `to`, or the next best."""
        from portdash.manager.plans import plan_move  # noqa: PLC0415

        return plan_move(self._deps, snapshot, key, to)

    def plan_homing(self, snapshot: Snapshot, keys: Sequence[ServiceKey]) -> Plan:
        """Plan for services the port that each would rather have, where it can be had now."""
        from portdash.manager.plans import plan_homing  # noqa: PLC0415

        return plan_homing(self._deps, snapshot, keys)

    def plan_resolve(self, snapshot: Snapshot, key: ServiceKey | None, strategy: Strategy | None = None) -> Plan:
        """Plan the way out of one service's conflicts, or of all."""
        from portdash.manager.plans import plan_resolve  # noqa: PLC0415

        return plan_resolve(self._deps, snapshot, key, strategy=strategy)

    def plan_release(self, snapshot: Snapshot, keys: Sequence[ServiceKey]) -> Plan:
        """Plan giving assignments back, with those that inherit from them."""
        from portdash.manager.plans import plan_release  # noqa: PLC0415

        return plan_release(self._deps, snapshot, keys)

    def plan_adopt(self, snapshot: Snapshot, listeners: Sequence[Listener], names: Sequence[str | None] = ()) -> Plan:
        """Plan to make listeners services of their own projects; None or a missing name means the suggested one."""
        from portdash.manager.adopting import plan_adopt  # noqa: PLC0415

        return plan_adopt(self._deps, snapshot, listeners, names=names)

    def plan_free(
        self, snapshot: Snapshot, port: int, protocol: IpProtocol, *, allows: frozenset[Allowance] = frozenset()
    ) -> Plan:
        """Plan to end everybody who listens on a port. Blocks: it asks the machine. Raises Refused."""
        from portdash.manager.freeing import plan_free  # noqa: PLC0415

        return plan_free(self._deps, snapshot, port, protocol, allows=allows)

    def plan_undo(self, snapshot: Snapshot) -> Plan:
        """Plan to take this workspace's last operation back. Raises NoSuchService when there is none."""
        from portdash.manager.plans import plan_undo  # noqa: PLC0415

        return plan_undo(self._deps, snapshot)

    def files_of(self, plan: Plan) -> tuple[Path, ...]:
        """Return the files that `portdash export` wrote and that follow a plan. Reads small files."""
        from portdash.manager.written import files_of  # noqa: PLC0415  not before the first dialog

        return tuple(each.path for each in files_of(self._deps, plan))

    def startable(self, snapshot: Snapshot, key: ServiceKey) -> Startable:
        """Return what starting a service would run. Raises PortdashError, which says why it cannot be started."""
        from portdash.supervisor.starting import startable  # noqa: PLC0415

        return startable(self._deps, snapshot, key)

    def coming_along(self, snapshot: Snapshot, keys: Sequence[ServiceKey]) -> dict[str, tuple[str, ...]]:
        """Return what is started with services that nobody named, and of each which of what is started needs it.

        Raises PortdashError, which says why none of them is started.
        """
        from portdash.manager.wishes import Wish, place  # noqa: PLC0415
        from portdash.planning.start_order import coming_along  # noqa: PLC0415
        from portdash.supervisor.together import parts_of  # noqa: PLC0415
        from portdash.supervisor.upness import how_it_runs  # noqa: PLC0415

        names = [key.service for key in keys]
        parts = parts_of(self._deps, names)
        named = {part.name: place(self._deps, snapshot, Wish(name=part.name)) for part in parts}
        running = [name for name, placed in named.items() if how_it_runs(snapshot, placed.key)]
        return coming_along(parts, names, running)
