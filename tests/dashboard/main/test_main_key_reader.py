"""The reader of keys: it tells all that Textual's own tells, sleeps while nobody types, and ends when told to."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from queue import Queue, SimpleQueue

import pytest

if sys.platform != "linux":
    pytest.skip("other systems keep Textual's own reader", allow_module_level=True)

import pty
import selectors
import tty

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key
from textual.message import Message

from portdash.dashboard import key_reader
from portdash.dashboard.app import PortdashApp
from portdash.dashboard.key_reader import SleepingDriver, WakingEvent

PATIENCE = 30.0


class Noting(selectors.PollSelector):
    """Notes for how long it is to wait."""

    waits: "Queue[float | None]"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.waits.put(timeout)
        return super().select(timeout)


class Reader:
    """A driver at a terminal of its own, of which only the thread that reads is running."""

    def __init__(self, driver: SleepingDriver, terminal: int, waits: "Queue[float | None]") -> None:
        self.told: Queue[Message] = Queue()
        self.terminal = terminal
        self.waits = waits
        self.driver = driver
        driver.process_message = self.told.put  # type: ignore[method-assign]
        self.thread = threading.Thread(target=driver.run_input_thread)
        self.thread.start()

    def type(self, keys: bytes) -> None:
        os.write(self.terminal, keys)

    def key(self) -> str:
        message = self.told.get(timeout=PATIENCE)
        assert isinstance(message, Key)
        return message.key

    def until_asleep(self) -> int:
        """Wait until it waits for ever; return how often it has waited for a time until then."""
        count = 0
        while self.waits.get(timeout=PATIENCE) is not None:
            count += 1
        return count

    def end(self) -> None:
        self.driver.exit_event.set()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


@pytest.fixture
async def reader(monkeypatch: pytest.MonkeyPatch) -> "Iterator[Reader]":  # type: ignore[misc]
    near, far = pty.openpty()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGCONT)}
    with os.fdopen(far) as stdin, os.fdopen(near, "wb", buffering=0):
        tty.setraw(far)
        monkeypatch.setattr(sys, "__stdin__", stdin)
        Noting.waits = Queue()
        monkeypatch.setattr(key_reader.selectors, "PollSelector", Noting)
        found = Reader(SleepingDriver(App()), near, Noting.waits)
        try:
            yield found
        finally:
            found.end()
            for number, handler in handlers.items():
                signal.signal(number, handler)


async def test_keys_are_told(reader: Reader):
    reader.type("aü\x1b[A\x1b[1;5C".encode())
    assert [reader.key() for _ in range(4)] == ["a", "ü", "up", "ctrl+right"]


async def test_a_letter_that_comes_in_pieces_is_one(reader: Reader):
    first, second = "ü".encode()[:1], "ü".encode()[1:]
    reader.until_asleep()
    reader.type(first)
    reader.until_asleep()
    reader.type(second)
    assert reader.key() == "ü"


async def test_the_beginning_of_a_sequence_is_the_key_itself_when_nothing_follows(reader: Reader):
    reader.until_asleep()
    reader.type(b"\x1b")
    assert reader.key() == "escape"


async def test_it_sleeps_until_somebody_types_and_again_a_moment_later(reader: Reader):
    assert reader.until_asleep() == 0
    reader.type(b"a")
    assert reader.key() == "a"
    assert 0 < reader.until_asleep() < 20
    assert reader.waits.empty()


async def test_it_ends_when_told_to_while_asleep_and_can_begin_again(reader: Reader):
    reader.until_asleep()
    reader.end()
    reader.driver.exit_event.clear()
    again = Reader(reader.driver, reader.terminal, reader.waits)
    again.type(b"b")
    assert again.key() == "b"
    again.end()
    reader.driver.exit_event.clear()


async def test_who_reads_ends_before_another_begins(monkeypatch: pytest.MonkeyPatch, reader: Reader):
    monkeypatch.setattr(LinuxDriver, "start_application_mode", lambda _driver: None)
    reader.driver._key_thread = reader.thread
    reader.driver.start_application_mode()
    assert not reader.thread.is_alive()
    assert not reader.driver.exit_event.is_set()


async def test_a_terminal_that_is_closed_does_not_keep_it_busy(monkeypatch: pytest.MonkeyPatch, reader: Reader):
    read = os.read
    monkeypatch.setattr(key_reader.os, "read", lambda file, size: read(file, size)[:0])
    reader.until_asleep()
    reader.type(b"a")
    reader.until_asleep()
    assert reader.told.empty()
    assert reader.thread.is_alive()


async def test_of_a_terminal_that_has_gone_the_process_hears_where_no_shell_tells_it(reader: Reader):
    heard: SimpleQueue[int] = SimpleQueue()
    before = signal.signal(signal.SIGHUP, lambda number, _frame: heard.put(number))
    try:
        reader.until_asleep()
        os.dup2(reader.driver.exit_event.fileno(), reader.terminal)  # no file has its other end any more
        assert heard.get(timeout=PATIENCE) == signal.SIGHUP
        reader.until_asleep()
        assert heard.empty()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_event_can_be_read_while_it_is_set():
    event = WakingEvent()
    for _ in range(2):
        with selectors.PollSelector() as selector:
            selector.register(event.fileno(), selectors.EVENT_READ)
            assert not selector.select(0)
            event.set()
            assert event.is_set()
            assert selector.select(0)
            event.clear()
            event.clear()
            assert not event.is_set()
            assert not selector.select(0)


def test_a_driver_of_the_environment_is_obeyed(monkeypatch: pytest.MonkeyPatch):
    asked = PortdashApp.__new__(PortdashApp)
    assert PortdashApp.get_driver_class(asked) is SleepingDriver
    monkeypatch.setattr("textual.constants.DRIVER", "textual.drivers.linux_driver:LinuxDriver")
    assert PortdashApp.get_driver_class(asked).__name__ == "LinuxDriver"
