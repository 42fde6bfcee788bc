"""The poller: it looks, it waits, it cannot die."""

from dataclasses import replace
from threading import Thread
from typing import ClassVar

import scenes
from fakes import FakeDesk
from textual.message import Message

from portdash.dashboard.messages import LookFailed, SnapshotTaken
from portdash.dashboard.poller import GLANCE, Poller
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


def test_a_change_by_another_process_shows_within_a_fifth_of_a_second():
    class Elsewhere(FakeDesk):
        """The store changes while it is waited for: nobody says so, a glance must see it."""

        glances: ClassVar[list[tuple[int, float]]] = []

        def wait_for_change(self, revision: int, timeout: float) -> bool:
            self.glances.append((revision, timeout))
            return len(self.glances) % 3 == 0

    desk = Elsewhere(scenes.working_day(), home=scenes.HOME)
    assert len(Heard(desk, 3, interval=3600).run()) == 3
    assert len(desk.glances) == 6  # three to the second look and three to the third, an hour apart but for them
    assert set(desk.glances) == {(desk.snapshot.revision, 0)}
    assert GLANCE < 0.2


def test_called_while_it_waits_it_looks_at_once():
    desk = FakeDesk(scenes.working_day(), home=scenes.HOME)
    heard = Heard(desk, 2, interval=3600)
    thread = Thread(target=heard.poller.run)
    thread.start()
    while desk.looks < 1:
        thread.join(0.001)
    heard.poller.look_now()
    thread.join(5)
    assert not thread.is_alive()
    assert desk.looks == 2


def test_what_is_seen_again_is_the_same_world_later():
    class Passing(FakeDesk):
        def look(self) -> Snapshot:
            return replace(super().look(), taken_at=scenes.NOW + self.looks)

    messages = Heard(Passing(scenes.working_day(), home=scenes.HOME), 3).run()
    facts = [message.facts for message in messages if isinstance(message, SnapshotTaken)]
    assert [each.now - scenes.NOW for each in facts] == [1, 2, 3]
    assert facts[2].is_same_world(facts[1])
    assert facts[1].is_same_world(facts[0])


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
