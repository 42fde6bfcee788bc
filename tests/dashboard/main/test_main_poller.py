"""The poller: it looks, it waits, it cannot die."""

from dataclasses import replace
from threading import Event, Thread, current_thread

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


def test_who_stops_while_a_change_is_told_leaves_no_thread():
    class Leaving(FakeDesk):
        poller: Poller
        watcher: Thread

        def wait_for_change(self, revision: int, timeout: float) -> bool:  # noqa: ARG002
            self.watcher = current_thread()
            self.poller.stop()
            return True

    desk = Leaving(scenes.working_day(), home=scenes.HOME)
    heard = Heard(desk, 1000, interval=3600)
    desk.poller = heard.poller
    assert len(heard.run()) == 1
    desk.watcher.join(60)
    assert not desk.watcher.is_alive()


def test_a_change_by_another_process_is_looked_at_once_whatever_the_interval():
    class Elsewhere(FakeDesk):
        """The store changes while it is waited for: nobody else says so."""

        def __init__(self) -> None:
            super().__init__(scenes.working_day(), home=scenes.HOME)
            self.waited: list[int] = []

        def look(self) -> Snapshot:
            return replace(super().look(), revision=self.looks)

        def wait_for_change(self, revision: int, timeout: float) -> bool:  # noqa: ARG002
            self.waited.append(revision)
            return len(self.waited) % 3 == 0

    desk = Elsewhere()
    assert len(Heard(desk, 3, interval=3600).run()) == 3
    assert desk.waited[:6] == [1, 1, 1, 2, 2, 2]  # a wait that ends without news goes on


def test_held_a_change_of_the_store_is_looked_at_when_that_is_over():
    class Changing(FakeDesk):
        told = Event()
        waits = 0

        def wait_for_change(self, revision: int, timeout: float) -> bool:  # noqa: ARG002
            self.waits += 1
            self.told.wait(60)
            return self.waits == 1

    desk = Changing(scenes.working_day(), home=scenes.HOME)
    heard = Heard(desk, 2, interval=3600)
    thread = Thread(target=heard.poller.run)
    thread.start()
    while desk.waits < 1:
        thread.join(0.001)
    heard.poller.hold("paused")
    desk.told.set()
    thread.join(0.05)
    assert desk.looks == 1
    heard.poller.release("paused")
    thread.join(60)
    assert not thread.is_alive()
    assert desk.looks == 2


def test_called_while_it_waits_it_looks_at_once():
    desk = FakeDesk(scenes.working_day(), home=scenes.HOME)
    heard = Heard(desk, 2, interval=3600)
    thread = Thread(target=heard.poller.run)
    thread.start()
    while desk.looks < 1:
        thread.join(0.001)
    heard.poller.look_now()
    thread.join(60)
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
    thread.join(60)
    assert not thread.is_alive()
    assert desk.looks == 2
