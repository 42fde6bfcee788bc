"""Looking through one observer: by two threads, and at a store that came back with less."""

from dataclasses import replace
from threading import Event, Thread

from portdash.manager.deps import Deps
from portdash.model.state import StoreState
from portdash.store.memory import MemoryStore


class Slow(MemoryStore):
    """The first who reads comes back later than the next would."""

    def __init__(self) -> None:
        super().__init__()
        self.is_read, self.go_on, self.reads = Event(), Event(), 0

    def snapshot(self, since: StoreState | None = None) -> StoreState:
        self.reads += 1
        state = replace(super().snapshot(since), revision=4 + self.reads)
        if self.reads == 1:
            self.is_read.set()
            self.go_on.wait(60)
        return state


def test_who_read_earlier_and_comes_later_tells_of_no_loss(deps: Deps):
    store = Slow()
    observer = replace(deps, store=store).observer
    first, second = (Thread(target=observer.snapshot) for _ in range(2))
    first.start()
    assert store.is_read.wait(60)
    second.start()
    second.join(0.2)  # who does not wait for the first is through by then
    store.go_on.set()
    first.join()
    second.join()
    assert not any("went back" in notice for notice in observer.snapshot().notices)
    assert store.reads == 3


class Replaced(MemoryStore):
    """Has whatever revision a test gives it."""

    revision = 0

    def snapshot(self, since: StoreState | None = None) -> StoreState:
        return replace(super().snapshot(since), revision=self.revision)


def test_a_store_that_went_back_is_told_in_one_line_until_it_has_as_much_again(deps: Deps):
    store = Replaced()
    observer = replace(deps, store=store).observer
    seen = []
    for store.revision in (43, 0, 5, 2, 42, 43):
        snapshot = observer.snapshot()
        told = [notice.partition(":")[0] for notice in snapshot.notices if "went back" in notice]
        seen.append((snapshot.went_back, told))
    assert seen == [
        (None, []),
        ((43, 0), ["the store went back from revision 43 to 0"]),
        ((43, 0), ["the store went back from revision 43 to 0"]),
        ((43, 2), ["the store went back from revision 43 to 2"]),
        ((43, 2), ["the store went back from revision 43 to 2"]),
        (None, []),
    ]
