"""Building a plan step by step on a working copy of the world, so that each step sees what those before it did."""

from collections.abc import Iterable, Sequence

from portdash.model.assignment import Assignment, Reason, ServiceKey, ServiceSpec, Source, Verdict
from portdash.model.plan import Action, Cost, Plan, Step, Strategy, Target, Unresolved
from portdash.model.snapshot import Snapshot
from portdash.named_tuple import NamedTuple
from portdash.planning.occupancy import Group, Occupancy
from portdash.planning.requests import Placement
from portdash.planning.restarting import is_supervised, restarts_of_moved
from portdash.planning.rules import first_choice
from portdash.planning.wording import holder_text
from portdash.record import replace
from portdash.text import clean


class Seat(NamedTuple):
    """How a claimant came by its port: by a search, so that it may have another for a later claimant's sake."""

    reason: str
    """Why it has it, as the step says."""
    avoid: frozenset[int] = frozenset()
    """Ports it must not have."""
    home: Assignment | None = None
    """The row whose port stays its home, None where it has none to return to."""


class Draft:
    """A plan that grows. `occupancy` is always the world as it will be after the steps so far."""

    def __init__(
        self, snapshot: Snapshot, *, strategy: Strategy, actor: str, placements: Sequence[Placement] = ()
    ) -> None:
        self.snapshot = snapshot
        self.occupancy = Occupancy(snapshot, placements)
        self.strategy = strategy
        self.actor = actor
        self.optimal = True
        self.claimants = frozenset(each.key for each in placements)
        """Services the request is about: who of them has a port already is not displaced for the others."""
        self.seats: dict[ServiceKey, Seat] = {}
        """Claimants that got a port by a search, in the order in which they did."""
        self.displaced: set[ServiceKey] = set()
        """Services that a chain moved for a claimant's sake."""
        self._steps: list[Step] = []
        self._row_steps: dict[ServiceKey, Step] = {}
        """Those of `_steps` that give a service a row."""
        self._touched: set[ServiceKey] = set()
        self._notices: dict[str, None] = {}
        self._unresolved: dict[str, bool] = {}
        self._restarts: dict[str, ServiceKey] = {}

    def notice(self, text: str) -> None:
        """Say something, once."""
        self._notices[text] = None

    def leave(self, text: str, *, asked: bool, restart: ServiceKey | None = None) -> None:
        """Note what stays as it is; with `asked` the whole plan may not be applied.

        `restart` is the service whose server a person has to start again.
        """
        self._unresolved[text] = asked or self._unresolved.get(text, False)
        if restart is not None:
            self._restarts[text] = restart

    def ask_for_all(self) -> None:
        """Make the plan stuck for everything that it leaves: nothing of what was asked for can be done."""
        self._unresolved = dict.fromkeys(self._unresolved, True)

    def touches(self, keys: Iterable[ServiceKey]) -> bool:
        """Say whether a step so far changes one of these services."""
        return any(key in self._touched for key in keys)

    @property
    def has_steps(self) -> bool:
        """Whether anything is going to be done."""
        return bool(self._steps)

    @property
    def is_left(self) -> bool:
        """Whether something stays as it is that should not."""
        return bool(self._unresolved)

    def set_row(self, options: Sequence[Assignment], reason: str) -> None:
        """Give a service the first of `options`, the others standing in for it; what inherits from it follows."""
        row = options[0]
        self._set_one(options, reason)
        for key in self.occupancy.below(row.key):
            self.inherit(key, self.occupancy.spec(key), row.port)

    def seat(self, options: Sequence[Assignment], seat: Seat) -> None:
        """Give a claimant the port that a search found for it."""
        root = options[0].key
        self.seats[root] = seat
        self.set_row(options if seat.home is None else [displaced(seat.home, each) for each in options], seat.reason)

    def before(self, key: ServiceKey) -> Assignment | None:
        """Return the row that a service had before the plan, None when it had none or has been left alone."""
        step = self._row_steps.get(key)
        return step.before if step else None

    def restore(self, key: ServiceKey) -> None:
        """Let a service that was displaced have its old port again, as if nothing had been done to it."""
        self.displaced.discard(key)
        for each in (key, *self.occupancy.below(key)):
            step = self._row_steps.get(each)
            if step is not None and step.before is not None:
                self._steps.remove(self._row_steps.pop(each))
                self._touched.discard(each)
                self.occupancy.put(step.before)
        self._forget_restart(key)

    def inherit(self, key: ServiceKey, spec: ServiceSpec, port: int) -> None:
        """Give a service its parent's port; without a step when nothing changes."""
        self._leave_no_choice(self.occupancy.root(key))
        before = self.occupancy.rows.get(key)
        if before and (before.port, before.source, before.spec) == (port, Source.INHERITED, spec):
            return
        moved = before is None or before.port != port
        row = Assignment(
            key=key,
            spec=spec,
            port=port,
            source=Source.INHERITED,
            reasons=(Reason(port, Verdict.CHOSEN),),
            assigned_at=self.snapshot.taken_at if moved or before is None else before.assigned_at,
            actor=self.actor,
        )
        self._set_one((row,), f"it shares the port of {clean(spec.inherit_from or '')}")

    def release(self, key: ServiceKey, reason: str) -> None:
        """Take a service's port away; where the plan itself has given it one, that never happens."""
        row = self.occupancy.rows[key]
        self.occupancy.drop(key)
        self._touched.add(key)
        earlier = self._row_steps.pop(key, None)
        if earlier is not None:
            self._steps.remove(earlier)
        before = earlier.before if earlier else row
        if before is not None:
            self._steps.append(Step(action=Action.RELEASE, reason=reason, key=key, before=before))

    def end(self, target: Target, reason: str) -> None:
        """End the process or stop the container that holds a port."""
        action = Action.STOP_CONTAINER if target.container_id else Action.TERMINATE
        self._steps.append(Step(action=action, reason=reason, target=target))

    def say_what_runs(self, group: Group, port: int) -> None:
        """Note that a group's server still listens where it does, now that `port` is going to be its own."""
        servers = [seen for seen in self.occupancy.servers(group) if seen.listener.port != port]
        if not servers or any(seen.listener.port == port for seen in self.occupancy.servers(group)):
            return
        self._forget_restart(group.root)  # what was said of an earlier port of this plan
        if self.is_restarted(group):
            return
        listener = servers[0].listener
        name = self.occupancy.label(group.root)
        text = f"{name} still runs on {listener.port} ({holder_text(listener)}): start it again on {port}"
        self.leave(text, asked=False, restart=group.root)

    def is_restarted(self, group: Group) -> bool:
        """Say whether portdash itself starts the group's server again where the plan moves it to."""
        return any(is_supervised(self.snapshot, key) for key in group.members)

    def finish(self, title: str, *, all_or_nothing: bool = True) -> Plan:
        """Return the plan; one that cannot give what was asked for has no steps."""
        unresolved = tuple(
            Unresolved(text, asked, self._restarts.get(text)) for text, asked in self._unresolved.items()
        )
        stuck = all_or_nothing and any(left.asked for left in unresolved)
        steps = () if stuck else _in_order(self._steps)
        steps = (*steps, *restarts_of_moved(self.snapshot, steps))
        return Plan(
            title=title,
            strategy=self.strategy,
            workspace=self.snapshot.workspace,
            revision=self.snapshot.revision,
            steps=steps,
            cost=cost_of(steps, self.occupancy),
            optimal=self.optimal,
            unresolved=tuple(left for left in unresolved if left.asked) if stuck else unresolved,
            notices=tuple(self._notices),
        )

    def _set_one(self, options: Sequence[Assignment], reason: str) -> None:
        key = options[0].key
        earlier = self._row_steps.pop(key, None)
        if earlier is not None:
            self._steps.remove(earlier)
        before = earlier.before if earlier else self.occupancy.rows.get(key)
        action = Action.ASSIGN if before is None else Action.UPDATE if before.port == options[0].port else Action.MOVE
        step = Step(action=action, reason=reason, key=key, before=before, options=tuple(options))
        self._row_steps[key] = step
        self._steps.append(step)
        self._touched.add(key)
        self.occupancy.put(options[0])

    def _leave_no_choice(self, root: ServiceKey) -> None:
        """Let a parent have its first option or none: whichever it got, its children would be on the first one."""
        step = self._row_steps.get(root)
        if step is not None and len(step.options) > 1:
            only = replace(step, options=step.options[:1])
            self._steps[self._steps.index(step)] = only
            self._row_steps[root] = only

    def _forget_restart(self, root: ServiceKey) -> None:
        for text in [text for text, key in self._restarts.items() if key == root]:
            del self._restarts[text], self._unresolved[text]


def _in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return the steps as they were drafted, but each after the one that gives up the port it takes."""
    drafted = tuple(steps)
    waiting = dict.fromkeys(range(len(drafted)))
    leaving = {
        (step.before.key.protocol, step.before.port): number
        for number, step in enumerate(drafted)
        if step.before and step.before.source is not Source.INHERITED and step.to_port != step.from_port
    }
    ordered: list[Step] = []
    while waiting:
        line = [next(iter(waiting))]
        while (after := drafted[line[-1]].after) and after.source is not Source.INHERITED:
            first = leaving.get((after.key.protocol, after.port))
            if first is None or first not in waiting or first in line:
                break
            line.append(first)
        for number in reversed(line):
            del waiting[number]
            ordered.append(drafted[number])
    return tuple(ordered)


def cost_of(steps: Iterable[Step], occupancy: Occupancy) -> Cost:
    """Return what the steps cost; a group of services that share a port counts once."""
    steps = tuple(steps)
    moved: dict[ServiceKey, Step] = {}
    for step in steps:
        if step.key is not None and step.before and step.after and step.from_port != step.to_port:
            moved.setdefault(occupancy.root(step.key), step)
    running = {key for key, step in moved.items() if _disturbs(occupancy, key, step.to_port)}
    running |= {occupancy.root(step.key) for step in steps if step.action is Action.RESTART and step.key in moved}
    kept = {key for key, step in moved.items() if step.after and step.to_port == first_choice(step.after.spec)}
    lost = {key for key, step in moved.items() if key not in kept and loses(step.before, step.to_port)}
    ended = sum(1 for step in steps if step.target is not None)
    return Cost(running_moved=len(running), moved=len(moved), lost=len(lost), terminated=ended)


def _disturbs(occupancy: Occupancy, root: ServiceKey, port: int | None) -> bool:
    """Say whether a service runs, and not on `port` already."""
    servers = occupancy.servers(occupancy.group(root))
    return bool(servers) and all(seen.listener.port != port for seen in servers)


def loses(row: Assignment | None, port: int | None) -> bool:
    """Say whether a service that has `row` loses its first choice by getting `port`."""
    return row is not None and row.port == first_choice(row.spec) and port != row.port


def displaced(row: Assignment, option: Assignment) -> Assignment:
    """Return `option` for a service that had to leave its port and may come back to it."""
    home = row.port if row.home is None else row.home
    return replace(option, home=None if option.port == home else home)
