"""What the main screen does while a dialog stands above it."""

from dataclasses import replace

import pytest
from fakes import main_of, until
from steady_pilot import SteadyPilot

from portdash.config.services import ServiceConfig
from portdash.dashboard.app import PortdashApp
from portdash.dashboard.desk import Desk
from portdash.dashboard.options import Options
from portdash.dashboard.rows.row import Kind
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.report import ReportScreen
from portdash.dashboard.screens.resolve import ResolveScreen
from portdash.demo.machine import FakeMachine
from portdash.demo.scene import demo_deps
from portdash.model.assignment import ServiceSpec


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> PortdashApp:
    monkeypatch.setattr(Dialog, "patience", Patience(quiet=0, burst=0, clock=lambda: 0.0))
    return PortdashApp(Desk(demo_deps()), options=Options(typing_window=0, refresh=3600.0))


async def test_a_plan_is_disarmed_when_the_poller_sees_its_port_taken(app: PortdashApp):
    machine = main_machine(app)
    async with app.run_test(size=(160, 45)):
        pilot = SteadyPilot(app)
        main = main_of(app)
        await until(pilot, lambda: main.facts is not None)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, ResolveScreen))
        screen = app.screen
        assert isinstance(screen, ResolveScreen)
        await until(pilot, lambda: screen.plan is not None)
        assert screen.plan
        assert not screen.obstacle
        taken = next(step.to_port for step in screen.plan.steps if step.to_port)
        machine.listen(replace(machine.listeners()[0], port=taken))
        main.poller.look_now()
        await until(pilot, lambda: screen.difference)
        assert "r reads it again" in screen.obstacle


async def test_the_report_can_be_about_the_service_under_the_cursor(app: PortdashApp):
    async with app.run_test(size=(160, 45)):
        pilot = SteadyPilot(app)
        main = main_of(app)
        await until(pilot, lambda: main.facts is not None)
        await pilot.press("n", "R")
        await until(pilot, lambda: isinstance(app.screen, ReportScreen))
        assert isinstance(app.screen, ReportScreen)
        assert main.context.service
        assert app.screen.scope.service == main.context.service.key


def main_machine(app: PortdashApp) -> FakeMachine:
    machine = app.desk.deps.machine
    assert isinstance(machine, FakeMachine)
    return machine


async def test_a_declared_service_gets_its_port_by_two_keys(app: PortdashApp):
    spec = ServiceSpec(name="payments", preferred=(3400,))
    deps = app.desk.deps
    config = replace(deps.config, services=(*deps.config.services, ServiceConfig(spec=spec)))
    app.desk = Desk(replace(deps, config=config))
    async with app.run_test(size=(160, 45)):
        pilot = SteadyPilot(app)
        main = main_of(app)
        await until(pilot, lambda: main.facts is not None)
        assert main.snapshot
        main.go_to((Kind.SERVICE, deps.place.key("payments")))
        await pilot.press("a", "enter")
        await until(pilot, lambda: app.screen is main)
        assert deps.store.snapshot().assignments[deps.place.key("payments")].port == 3400
