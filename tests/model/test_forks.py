"""A lock that a forked child finds free."""

import contextlib
import gc
import os
import signal
import threading
from collections.abc import Callable

import pytest

from portdash import forks
from portdash.forks import ForkLock

LIMIT = 30
"""Seconds after which a child that waits for ever is ended by the system."""


def in_child(act: Callable[[], object]) -> int:
    """Return how a forked child ends that does this: 0 where it raises nothing."""
    child = os.fork()
    if not child:
        signal.alarm(LIMIT)
        with contextlib.suppress(BaseException):
            act()
            os._exit(0)
        os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def enter(lock: ForkLock) -> None:
    with lock:
        pass


def test_one_thread_at_a_time_holds_it():
    lock, inside, most = ForkLock(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(500):
            with lock:
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)
    with pytest.raises(ValueError, match="let go"), lock:
        raise ValueError("let go")
    enter(lock)


@pytest.mark.needs_linux
def test_a_child_finds_it_free_whoever_holds_it():
    lock, is_held, may_end = ForkLock(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            is_held.set()
            may_end.wait(LIMIT)

    thread = threading.Thread(target=hold)
    thread.start()
    is_held.wait(LIMIT)
    assert in_child(lambda: enter(lock)) == 0
    may_end.set()
    thread.join()
    enter(lock)


@pytest.mark.needs_linux
def test_a_child_of_the_holder_leaves_it_as_the_holder_does():
    lock = ForkLock()
    with contextlib.ExitStack() as stack:
        stack.enter_context(lock)
        assert in_child(lambda: (stack.close(), enter(lock), enter(lock))) == 0
    enter(lock)


def test_locks_that_nobody_has_any_more_are_forgotten():
    gc.collect()
    before = len(forks._ALL)
    locks = [ForkLock() for _ in range(10)]
    assert len(forks._ALL) == before + len(locks)
    locks.clear()
    gc.collect()
    assert len(forks._ALL) == before
