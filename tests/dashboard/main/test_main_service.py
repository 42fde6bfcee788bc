"""`s`: who runs a service is asked to stop or restart it, after `y`; where nobody does, the key says why."""

from dataclasses import replace

import pytest
import scenes
from fakes import FakeDesk, desk_for, running, screen_lines, until

from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.screens.service import ServiceScreen
from portdash.errors import Unanswered
from portdash.model.assignment import Lease, ServiceKey
from portdash.model.requests import RequestKind

API = scenes.key_of(scenes.SHOP, "api")
LEASE = Lease(key=API, pid=3990, started=1, boot_id="b", token="t", supervised=True)  # noqa: S106  no password


class AskingDesk(FakeDesk):
    """Has a supervisor that restarts, and does not answer when it is to stop."""

    asked: tuple[RequestKind, ...] = ()

    def ask_supervisor(self, key: ServiceKey, kind: RequestKind) -> tuple[bool, str]:
        assert key == API
        self.asked = (*self.asked, kind)
        if kind is RequestKind.STOP:
            raise Unanswered("who runs api did not answer")
        return True, "api runs again on 8000"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Dialog, "patience", Patience(quiet=0, burst=0))


async def test_nothing_is_asked_before_it_is_chosen_and_agreed_to():
    desk = AskingDesk(replace(scenes.working_day(), leases={API: LEASE}), home=scenes.HOME)
    async with running(desk) as (pilot, main):
        main.table.move_to(("service", API))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServiceScreen))
        await pilot.press("y")
        assert not desk.asked
        assert "choose first" in "\n".join(screen_lines(pilot.app))
        await pilot.press("x", "y")
        await until(pilot, lambda: "did not answer" in "\n".join(screen_lines(pilot.app)))
        await pilot.press("r", "y")
        await until(pilot, lambda: pilot.app.screen is main)
        assert desk.asked == (RequestKind.STOP, RequestKind.RESTART)
        assert any("api runs again on 8000" in note.message for note in pilot.app._notifications)


async def test_what_portdash_does_not_run_is_grey_with_the_reason():
    async with running(desk_for()) as (pilot, main):
        await pilot.press("s")
        assert pilot.app.screen is main
        assert any("portdash does not run it" in note.message for note in pilot.app._notifications)
        main.table.move_to(("service", scenes.key_of(scenes.BLOG, "cms")))
        assert "another workspace" in (main.context.no_supervisor() or "")
