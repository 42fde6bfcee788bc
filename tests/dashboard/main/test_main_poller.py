"""The poller: it looks, it waits, it cannot die."""

from threading import Thread

import scenes
from fakes import FakeDesk
from textual.message import Message

from portdash.dashboard.messages import LookFailed, SnapshotTaken
from portdash.dashboard.poller import Poller
from portdash.errors import StoreUnavailable
from portdash.model.snapshot import Snapshot


class Heard:
    """What was posted; stops the poller after so many."""

    def __init__(self, desk: FakeDesk, enough: int, *, interval: float = 0.001) -> None:
        self.messages: list[Message] = []
        self._enough = enough
        self.poller = Poller(desk, self._post, interval=interval)

    def _post(self, message: Message) -> None:
        self.messages.append(message)
        if len(self.messages) >= self._enough:
            self.poller.stop()

    def run(self) -> list[Message]:
        self.poller.run()
        return self.messages


def test_it_posts_what_it_sees():
    desk = FakeDesk(scenes.working_day(), home=scenes.HOME)
    messages = Heard(desk, 3).run()
    assert [type(message) for message in messages] == [SnapshotTaken] * 3
    assert isinstance(messages[0], SnapshotTaken)
    assert messages[0].facts.snapshot is desk.snapshot


def test_it_survives_every_error():
    class BadDay(FakeDesk):
        errors = (StoreUnavailable("store away"), RuntimeError("\x1b[2J"), None)

        def look(self) -> Snapshot:
            self.error = self.errors[min(self.looks, 2)]
            return super().look()

    messages = Heard(BadDay(scenes.working_day(), home=scenes.HOME), 3).run()
    assert [type(message) for message in messages] == [LookFailed, LookFailed, SnapshotTaken]
    assert isinstance(messages[1], LookFailed)
    assert messages[1].text == "RuntimeError: \\x1b[2J"


def test_it_survives_a_store_that_cannot_be_watched():
    class NoWatch(FakeDesk):
        def wait_for_change(self, revision: int, timeout: float) -> bool:  # noqa: ARG002
            raise StoreUnavailable("gone")

    assert len(Heard(NoWatch(scenes.working_day(), home=scenes.HOME), 3).run()) == 3


def test_a_change_of_the_store_is_seen_at_once():
    class Busy(FakeDesk):
        def wait_for_change(self, revision: int, timeout: float) -> bool:  # noqa: ARG002
            return True

    assert len(Heard(Busy(scenes.working_day(), home=scenes.HOME), 5, interval=3600).run()) == 5


def test_held_it_looks_only_when_called_and_stops_at_once():
    desk = FakeDesk(scenes.working_day(), home=scenes.HOME)
    heard = Heard(desk, 2, interval=3600)
    heard.poller.hold("paused")
    heard.poller.hold("covered")
    thread = Thread(target=heard.poller.run)
    thread.start()
    heard.poller.release("covered")
    assert desk.looks == 0
    heard.poller.look_now()
    while desk.looks < 1:
        thread.join(0.001)
    heard.poller.release("paused")
    thread.join(5)
    assert not thread.is_alive()
    assert desk.looks == 2
