"""Freeing a port from the dashboard, over the real manager on the demo's machine."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from dialog_fakes import AT_ONCE, HOSTILE
from dialog_host import opened, press, settled

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.act import Act
from portdash.dashboard.screens.free import FreeScreen
from portdash.demo.scene import demo_deps
from portdash.errors import NotEnded, Refused
from portdash.manager.apply import Outcome
from portdash.model.ending import Allowance, Tool
from portdash.model.listener import Process
from portdash.model.plan import Action, Plan, Strategy
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import Snapshot

TCP = IpProtocol.TCP


@pytest.fixture
def desk() -> Iterator[Desk]:
    deps = demo_deps()
    yield Desk(deps)
    deps.close()


def listens(desk: Desk, port: int) -> bool:
    return any(seen.listener.port == port for seen in desk.look().listeners)


def own_port(desk: Desk) -> int:
    """Return a port of ours on which our own server listens, in no container and started by no agent."""
    world = desk.look()
    return next(
        seen.listener.port
        for seen in world.listeners
        if seen.is_owned and seen.key and seen.key.workspace == world.workspace and seen.listener.container is None
        if seen.listener.owner and seen.listener.owner.user == world.user
    )


class Changed:
    """A desk whose plan is changed before it is shown."""

    def __init__(self, desk: Desk, change: Any) -> None:  # noqa: ANN401
        self._desk, self._change = desk, change

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._desk, name)

    def plan_free(
        self, snapshot: Snapshot, port: int, protocol: IpProtocol, *, allows: frozenset[Allowance] = frozenset()
    ) -> Plan:
        plan: Plan = self._change(self._desk.plan_free(snapshot, port, protocol, allows=allows))
        return plan


class Deaf(Changed):
    """A desk whose processes do not end when asked to, only when killed."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, lambda plan: plan)
        self.killed: list[Plan] = []

    def apply(self, plan: Plan, *, consent: bool = False, progress: Any = None) -> Outcome:  # noqa: ANN401, ARG002
        if not all(step.target and Allowance.KILL in step.target.allows for step in plan.steps):
            raise NotEnded("node 4121 has not ended 5s after it was asked to, and still holds 3000", hint="kill it")
        self.killed.append(plan)
        return Outcome(operation=None, lines=("node 4121 was killed",))


async def test_a_server_of_ours_is_ended_by_y(desk: Desk):
    port = own_port(desk)
    async with opened(FreeScreen(desk, desk.look(), port, TCP, patience=AT_ONCE), (80, 24)) as (host, pilot):
        await settled(host, pilot)
        assert f"Free port {port}?" in host.text
        assert "TERM, up to 5s; no KILL" in host.text
        assert f"portdash free {port}" in host.text
        assert host.focused.id == "no"
        await press(host, pilot, "y")
        await settled(host, pilot)
        assert f"{port} is free" in host.answers[0].lines[0]
    assert not listens(desk, port)


async def test_what_was_ended_is_to_be_started_until_it_runs(desk: Desk):
    """The command is that of before: nobody could look it up afterwards."""
    world = desk.look()
    key = next(view.key for view in world.services if (view.name, view.key.workspace) == ("api", "shop"))
    server = next(seen.listener for seen in world.listeners if seen.listener.port == 8000)
    line = "start api again: uvicorn shop.api:app --port 8000  in ~/src/shop"
    async with opened(FreeScreen(desk, world, 8000, TCP, patience=AT_ONCE), (120, 35)) as (host, pilot):
        await settled(host, pilot)
        assert f"Still to do {line}" in host.text
        assert "shop/websocket, which shares the port, is gone with it" in host.text
        assert desk.to_do(desk.look()) == {}
        await press(host, pilot, "y")
        await settled(host, pilot)
        (left,) = host.answers[0].to_do
        assert left.line(desk.home) == line
    ended = desk.look()
    assert desk.to_do(ended) == {key: line}
    desk.deps.machine.listen(server)  # type: ignore[attr-defined]  the invented machine
    running = desk.look()
    assert desk.to_do(running) == {}
    assert desk.to_do(replace(running, taken_at=running.taken_at + 1)) == {}
    assert desk.to_do(replace(ended, taken_at=ended.taken_at + 2)) == {}  # it was started, and has ended by itself


async def test_enter_is_no(desk: Desk):
    port = own_port(desk)
    async with opened(FreeScreen(desk, desk.look(), port, TCP, patience=AT_ONCE)) as (host, pilot):
        await settled(host, pilot)
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert host.answers == [None]
    assert listens(desk, port)


async def test_somebody_elses_needs_the_port_typed(desk: Desk):
    async with opened(FreeScreen(desk, desk.look(), 3000, TCP, patience=AT_ONCE), (120, 35)) as (host, pilot):
        await settled(host, pilot)
        assert "Type the port, 3000" in host.text
        assert "3000, for it is another checkout's" in host.text
        assert host.screen.query_one("#yes", Act).disabled
        await press(host, pilot, *"3001", "enter")
        await settled(host, pilot)
        assert listens(desk, 3000)
        await press(host, pilot, "backspace", "0", "enter")
        await settled(host, pilot)
        assert "3000 is free" in host.answers[0].lines[0]
    assert not listens(desk, 3000)


async def test_a_refusal_says_who_can(desk: Desk):
    def refuse(_plan: Plan) -> Plan:
        raise Refused("sshd 700 is not ended: it may carry your own connection", hint="`systemctl stop ssh` ends it")

    given: Any = Changed(desk, refuse)
    async with opened(FreeScreen(given, desk.look(), 3000, TCP, patience=AT_ONCE), (120, 35)) as (host, pilot):
        await settled(host, pilot)
        assert "Holds it" in host.text
        assert "may carry your own connection" in host.text
        assert "systemctl stop ssh" in host.text
        await press(host, pilot, "y")
        await settled(host, pilot)
    assert listens(desk, 3000)


async def test_the_tree_is_shown_and_harmless(desk: Desk):
    def grow(plan: Plan) -> Plan:
        (step,) = plan.steps
        (server,) = step.target.group
        above = Process(pid=7, name=HOSTILE, command=(HOSTILE, "--token=hunter2"), user="ann")
        target = replace(step.target, group=(above, replace(server, parent=7)), allows=frozenset((Allowance.KILL,)))
        return replace(plan, steps=(replace(step, target=target),))

    given: Any = Changed(desk, grow)
    async with opened(FreeScreen(given, desk.look(), 3000, TCP, patience=AT_ONCE), (120, 35)) as (host, pilot):
        await settled(host, pilot)
        assert "2 processes" in host.text
        assert "[/]x" in host.text
        assert "hunter2" not in host.text
        assert "\x1b]52" not in host.text


async def test_a_tool_is_named_with_its_command(desk: Desk):
    def redirect(plan: Plan) -> Plan:
        (step,) = plan.steps
        tool = Tool("the unit web.service", ("systemctl", "--user", "stop", "web.service"))
        return replace(plan, steps=(replace(step, target=replace(step.target, tool=tool, group=())),))

    given: Any = Changed(desk, redirect)
    async with opened(FreeScreen(given, desk.look(), 3000, TCP, patience=AT_ONCE), (120, 35)) as (host, pilot):
        await settled(host, pilot)
        assert "systemctl --user stop web.service" in host.text
        assert "Type the port, 3000" in host.text


async def test_a_port_that_is_free_by_now(desk: Desk):
    async with opened(FreeScreen(desk, desk.look(), 9999, TCP, patience=AT_ONCE)) as (host, pilot):
        await settled(host, pilot)
        assert "nobody listens on it any more" in host.text


async def test_another_checkouts_server_is_confirmed_by_enter_warned_of_and_has_a_gentler_way(desk: Desk):
    async with opened(FreeScreen(desk, desk.look(), 3000, TCP, patience=AT_ONCE), (120, 35)) as (host, pilot):
        await settled(host, pilot)
        assert "Free 3000  enter" in host.text
        assert "≠ not yours: shop@fix-login/web" in host.text
        assert "▲ claude started it, and may start it again" in host.text
        assert "c  web moves to 3003, nothing ends" in host.text
        await press(host, pilot, "escape")
    async with opened(FreeScreen(desk, desk.look(), 3000, TCP, patience=AT_ONCE), (120, 35)) as (host, pilot):
        await settled(host, pilot)
        await press(host, pilot, "c")
        await settled(host, pilot)
        assert "Resolve ▲ squatted" in host.text
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert "web is 3003, was 3000" in host.answers[0].lines[0]
    assert listens(desk, 3000)


async def test_kill_is_offered_once_asking_was_not_enough_and_is_asked_for_anew(desk: Desk):
    deaf: Any = Deaf(desk)
    async with opened(FreeScreen(deaf, desk.look(), 3000, TCP, patience=AT_ONCE), (120, 35)) as (host, pilot):
        await settled(host, pilot)
        await press(host, pilot, "K")
        await settled(host, pilot)
        assert "[ KILL  K ]" not in host.text
        await press(host, pilot, *"3000", "enter")
        await settled(host, pilot)
        assert "has not ended 5s after it was asked to" in host.text
        assert "[ KILL  K ]" in host.text
        await press(host, pilot, "K")
        await settled(host, pilot)
        assert "( KILL on 3000  enter )" in host.text
        assert "portdash free 3000 --force" in host.text
        assert not deaf.killed
        await press(host, pilot, *"3000", "enter")
        await settled(host, pilot)
        assert host.answers[0].lines == ("node 4121 was killed",)
    assert len(deaf.killed) == 1


async def test_kill_is_not_sent_to_another_than_was_asked_to_end(desk: Desk):
    deaf: Any = Deaf(desk)
    async with opened(FreeScreen(deaf, desk.look(), 3000, TCP, patience=AT_ONCE), (120, 35)) as (host, pilot):
        await settled(host, pilot)
        await press(host, pilot, *"3000", "enter")
        await settled(host, pilot)

        def recycle(plan: Plan) -> Plan:
            (step,) = plan.steps
            group = tuple(replace(each, ticks=each.ticks + 1) for each in step.target.group)
            return replace(plan, steps=(replace(step, target=replace(step.target, group=group)),))

        deaf._change = recycle
        await press(host, pilot, "K")
        await settled(host, pilot)
        assert "another holds 3000 by now" in host.text
        await press(host, pilot, *"3000", "enter")
        await settled(host, pilot)
    assert not deaf.killed


async def test_leaving_stops_the_waiting_and_what_came_of_it_is_told(desk: Desk):
    port, gate = own_port(desk), Event()

    class Slow(Changed):
        def apply(self, plan: Plan, *, consent: bool = False, progress: Any = None) -> Outcome:  # noqa: ANN401
            assert gate.wait(30)
            return desk.apply(plan, consent=consent, progress=progress)

    slow: Any = Slow(desk, lambda plan: plan)
    async with opened(FreeScreen(slow, desk.look(), port, TCP, patience=AT_ONCE), (120, 35)) as (host, pilot):
        await settled(host, pilot)
        await press(host, pilot, "y")
        assert "esc stops waiting, not the act" in host.text
        await press(host, pilot, "escape")
        assert host.answers == [None]
        gate.set()
        async with asyncio.timeout(30):
            while not host._notifications:  # noqa: ASYNC110  what is waited for has no event
                await asyncio.sleep(0.002)
        (told,) = host._notifications
        assert f"{port} is free" in told.message
    assert not listens(desk, port)


def test_an_aggressive_plan_knows_all_that_ends(desk: Desk):
    world = desk.look()
    key = next(view.key for view in world.services if view.name == "web" and view.key.workspace == world.workspace)
    plan = desk.plan_resolve(world, key, Strategy.AGGRESSIVE)
    (step,) = [each for each in plan.steps if each.action is Action.TERMINATE]
    assert [each.pid for each in step.target.group] == [step.target.pid]
    assert step.target.holding == (step.target.pid,)


@pytest.mark.parametrize("size", [(160, 45), (80, 24), (60, 20), (40, 15)])
async def test_what_has_to_be_typed_stands_in_one_line_with_what_is_said(desk: Desk, size: tuple[int, int]):
    async with opened(FreeScreen(desk, desk.look(), 3000, TCP, patience=AT_ONCE), size) as (host, pilot):
        await settled(host, pilot)
        asks, said = (host.dialog.query_one(each).content_region.x for each in ("#consent-asks", "#body > *"))
        assert asks == said
        await press(host, pilot, "1", "enter")
        await settled(host, pilot)
        assert host.dialog.query_one("#status").content_region.x == said
