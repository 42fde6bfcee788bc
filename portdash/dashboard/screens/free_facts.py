"""What is said before the holders of a port are ended: who they are, whose, and what could be done instead. Pure."""

from collections.abc import Iterator

from portdash.dashboard.screens.facts import Fact
from portdash.dashboard.screens.plan_view import target_lines, to_do_lines
from portdash.dashboard.screens.shell import free_command
from portdash.model.assignment import ServiceKey
from portdash.model.ending import Allowance
from portdash.model.plan import Action, Plan
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import SeenListener, Snapshot
from portdash.record import record
from portdash.report.starting import service_label, tilde
from portdash.report.words import uptime, worst_conflict
from portdash.text import clean, plural


@record
class Subject:
    """The port that is to be freed, in the world as it was when the dialog opened."""

    snapshot: Snapshot
    port: int
    protocol: IpProtocol
    home: str

    @property
    def slot(self) -> str:
        """The port as it is written: `3000`, `53/udp`."""
        return str(self.port) if self.protocol is IpProtocol.TCP else f"{self.port}/{self.protocol}"

    @property
    def holders(self) -> tuple[SeenListener, ...]:
        """Who listens on it."""
        slot = self.port, self.protocol
        return tuple(each for each in self.snapshot.listeners if (each.listener.port, each.listener.protocol) == slot)


def is_plainly_ours(subject: Subject, plan: Plan) -> bool:
    """Say whether `y` is enough: it is one server of a service of this workspace, and nobody minds.

    It is for what is not plainly ours, for several, and for what an agent started that a number has to be typed.
    """
    plain = len(plan.steps) == 1 and not plan.notices and plan.steps[0].action is Action.TERMINATE
    return plain and all(
        seen.is_owned and seen.key is not None and seen.key.workspace == subject.snapshot.workspace
        for seen in subject.holders
    )


def loser_of(subject: Subject) -> ServiceKey | None:
    """Return the service that cannot have this port because of who holds it; the one of this workspace first."""
    found = [
        view.key
        for view in subject.snapshot.services
        if view.port == subject.port and view.key.protocol is subject.protocol and worst_conflict(view)
    ]
    return min(found, key=lambda key: key.workspace != subject.snapshot.workspace, default=None)


def identities(plan: Plan) -> frozenset[tuple[int, int, str]]:
    """Return who ends by a plan, by what makes each one and the same."""
    targets = [step.target for step in plan.steps if step.target]
    boxes = {(0, 0, each.container_id) for each in targets if each.container_id}
    return frozenset(boxes | {(each.pid, each.ticks, "") for target in targets for each in target.group})


def free_facts(subject: Subject, plan: Plan | None, *, rather: str = "", must_type: bool = False) -> list[Fact]:
    """Return what the dialog says; without a plan nobody knows yet who has to end, nor what is asked for."""
    targets = [step.target for step in plan.steps if step.target] if plan else []
    kills = any(Allowance.KILL in each.allows for each in targets)
    then = f"{subject.slot} is proved free. What has ended cannot be brought back"
    return [
        ("Holds it", list(dict.fromkeys(_holder(subject, seen) for seen in subject.holders))),
        ("Whose", list(dict.fromkeys(whose_lines(subject)))),
        ("Also", list(dict.fromkeys(_sharing(subject)))),
        ("Chain", list(dict.fromkeys(_chains(subject)))),
        ("Ends", [line for target in targets for line in target_lines(target)]),
        ("KILL", "it was asked to end and did not: now it is killed, and saves nothing" if kills else ""),
        ("Then", then if targets else ""),
        ("Still to do", to_do_lines(plan, subject.snapshot, subject.home) if plan and targets else ""),
        ("Note", [f"▲ {clean(note)}" for note in plan.notices] if plan else ""),
        ("Rather", f"c  {clean(rather)}" if rather and targets else ""),
        ("Shell", free_command(subject.slot, force=kills)),
        ("You type", f"{subject.port}, for {_why_typed(subject, plan)}" if plan and targets and must_type else ""),
    ]


def _holder(subject: Subject, seen: SeenListener) -> str:
    listener = seen.listener
    up = uptime(listener, subject.snapshot.taken_at)
    clients = "" if not listener.connections else f", {plural(listener.connections, 'connection')}"
    return f"{clean(listener.label)} on {clean(listener.address)}{f'  up {up}' if up else ''}{clients}"


def whose_lines(subject: Subject) -> Iterator[str]:
    """Yield whose each holder is, and where it runs."""
    for seen in subject.holders:
        # What a container calls its directory is none of this machine.
        place = seen.listener.owner.cwd if seen.listener.owner and not seen.listener.container else None
        where = f"  in {tilde(place, subject.home)}" if place else ""
        if seen.key is None:
            yield f"≠ no service's{where}"
        else:
            name = service_label(subject.snapshot, seen.key)
            is_here = seen.key.workspace == subject.snapshot.workspace
            own = f"= {name}'s own" if is_here else f"≠ not yours: {name}"
            yield f"{own}{where}" if seen.is_owned else f"≠ not that of {name}, which has the port{where}"


def _sharing(subject: Subject) -> Iterator[str]:
    """Yield the services that share the port with the one whose server ends."""
    for seen in subject.holders:
        if not (seen.is_owned and seen.key):
            continue
        for view in subject.snapshot.services:
            if view.spec.inherit_from and view.port == subject.port and view.key.where == seen.key.where:
                yield f"{service_label(subject.snapshot, view.key)}, which shares the port, is gone with it"


def _why_typed(subject: Subject, plan: Plan) -> str:
    """Return why a `y` is too little."""
    targets = [step.target for step in plan.steps if step.target]
    here = subject.snapshot.workspace_named(subject.snapshot.workspace)
    if any(Allowance.KILL in each.allows for each in targets):
        return "it is killed"
    for seen in subject.holders:
        project = seen.listener.project
        if seen.is_owned and seen.key and seen.key.workspace == subject.snapshot.workspace:
            continue
        is_elsewhere = seen.is_owned or (project is not None and (here is None or project.root != here.root))
        return "it is another checkout's" if is_elsewhere else "it is no service of yours"
    if len(targets) > 1:
        return f"{len(targets)} of them end"
    if any(each.container_id for each in targets):
        return "it is a container"
    return clean(next(iter(plan.notices), "it is not plainly yours"))


def _chains(subject: Subject) -> Iterator[str]:
    for seen in subject.holders:
        above = [f"{clean(each.name)} {each.pid}" for each in reversed(seen.listener.ancestors)]
        if above:
            yield " › ".join([*above[-3:], clean(seen.listener.label)])
