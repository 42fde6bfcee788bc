"""What every store promises, asked of each."""

import threading
from dataclasses import replace

import pytest
from store_world import HOST, applied, batch, claim, filled, key, lease_of, plan, ports, rejected, remove, row

from portdash.errors import InvalidName, InvalidPort, StoreError, UsageError
from portdash.model.assignment import Source
from portdash.model.history import Change, EventKind
from portdash.model.ports import IpProtocol
from portdash.model.state import StoreState
from portdash.model.storage import Applied, DropLease, RecordPlan, RecordWorkspace, Remove, Store, TakeLease
from portdash.model.workspace import Workspace


def test_a_new_store_is_empty(store: Store):
    assert store.snapshot() == StoreState()
    assert store.events() == ()
    assert store.operations("shop") == ()
    assert store.watch(7, 0) == 0


def test_what_was_claimed_is_there_with_its_revision(store: Store):
    answer = applied(store, claim(row("Web", 4000)))
    stored = replace(row("Web", 4000), revision=1)
    assert answer.revision == 1
    assert answer.operation.changes == (Change(None, stored),)
    assert store.snapshot() == StoreState(revision=1, assignments={key("web"): stored})
    assert store.snapshot().assignments[key("web")].revision == 1


def test_a_snapshot_is_the_same_object_while_nothing_changes(store: Store):
    filled(store, ["web"])
    before = store.snapshot()
    assert store.snapshot(before) is before
    applied(store, claim(row("api", 4001)))
    after = store.snapshot(before)
    assert after.revision == 2
    assert len(before.assignments) == 1
    assert len(after.assignments) == 2


def test_a_snapshot_cannot_be_changed(store: Store):
    filled(store, ["web"])
    with pytest.raises(TypeError):
        del store.snapshot().assignments[key("web")]  # type: ignore[attr-defined]


def test_a_claim_takes_the_first_option_nobody_has(store: Store):
    filled(store, ["a", "b"], first=4000)
    applied(store, claim(*(row("c", port) for port in (4000, 4001, 4002, 4003))))
    assert ports(store)["c"] == 4002


@pytest.mark.parametrize("taken", [15, 16, 17, 33])
def test_a_claim_goes_through_many_options(store: Store, taken: int):
    applied(store, *(claim(row(f"s{number}", 4000 + number)) for number in range(taken)))
    assert applied(store, claim(*(row("web", 4000 + each) for each in range(40)))).operation.changes[0].after == row(
        "web", 4000 + taken
    )
    inherited = replace(row("child", 4000), source=Source.INHERITED)
    options = [*(row("child", 4000 + each) for each in range(taken)), inherited, row("child", 5000)]
    assert applied(store, claim(*options)).operation.changes[0].after == inherited


def test_a_claim_without_a_free_option_is_rejected_and_says_whose_they_are(store: Store):
    filled(store, ["a"])
    answer = rejected(store, claim(row("b", 4000)))
    assert answer.detail == "b cannot have 4000: it is the port of shop/a"
    assert answer.state == store.snapshot()
    assert answer.state.revision == 1


@pytest.mark.parametrize("expected", [None, 1, 3, 99])
def test_a_claim_on_another_revision_is_rejected(store: Store, expected: int | None):
    applied(store, claim(row("web", 4000)))
    applied(store, claim(row("web", 4001), expected=1))
    rejected(store, claim(row("web", 4002), expected=expected))
    assert ports(store) == {"web": 4001}


def test_a_claim_on_a_row_that_is_not_there_is_rejected(store: Store):
    assert "gone" in rejected(store, claim(row("web", 4000), expected=1)).detail


def test_tcp_and_udp_and_hosts_have_ports_of_their_own(store: Store):
    applied(
        store,
        claim(row("dns", 4000)),
        claim(row("dns", 4000, of=key("dns", protocol=IpProtocol.UDP))),
        claim(row("dns", 4000, of=key("dns", host="another"))),
    )
    assert len(store.snapshot().assignments) == 3


def test_an_inherited_row_shares_its_parents_port(store: Store):
    filled(store, ["web"])
    applied(store, claim(row("admin", 4000, source=Source.INHERITED)))
    assert ports(store) == {"web": 4000, "admin": 4000}
    applied(store, remove(store.snapshot().assignments[key("admin")]))
    assert store.snapshot().quarantines == ()
    assert "shop/web" in rejected(store, claim(row("other", 4000))).detail


def test_a_batch_is_all_or_nothing(store: Store):
    filled(store, ["web"])
    before = store.snapshot()
    rejected(
        store,
        claim(row("api", 4005)),
        RecordWorkspace(HOST, Workspace(name="shop", root="/src/shop")),
        RecordPlan(plan("p", 3000)),
        claim(row("db", 4000)),
    )
    assert store.snapshot(before) is before
    assert len(store.events()) == 1


def test_two_services_swap_ports_in_one_batch(store: Store):
    filled(store, ["a", "b"], first=4000)
    answer = applied(store, claim(row("a", 4001), expected=1), claim(row("b", 4000), expected=2))
    assert ports(store) == {"a": 4001, "b": 4000}
    assert answer.revision == 3
    applied(store, claim(row("c", 4002)), claim(row("d", 4003)))
    rotation = [claim(row(name, port), expected=rev) for name, port, rev in [("a", 4002, 3), ("c", 4003, 4)]]
    applied(store, *rotation, claim(row("d", 4001), expected=4))
    assert ports(store) == {"a": 4002, "b": 4000, "c": 4003, "d": 4001}


def test_a_batch_cannot_give_one_port_twice(store: Store):
    assert "shop/a" in rejected(store, claim(row("a", 4000)), claim(row("b", 4000))).detail


def test_a_row_that_keeps_its_port_in_the_batch_is_not_robbed_of_it(store: Store):
    filled(store, ["a"])
    rejected(store, claim(row("b", 4000)), claim(row("a", 4000), expected=1))
    applied(store, claim(row("b", 4000), row("b", 4001)), claim(row("a", 4002), expected=1))
    assert ports(store) == {"a": 4002, "b": 4000}


def test_a_service_claimed_twice_in_one_batch_has_the_last(store: Store):
    applied(store, claim(row("a", 4000)), claim(row("a", 4000), expected=1, reason="again"))
    assert ports(store) == {"a": 4000}
    answer = applied(store, claim(row("a", 4001), expected=1), claim(row("a", 4002), expected=2), claim(row("b", 4001)))
    assert ports(store) == {"a": 4002, "b": 4001}
    assert [event.reason for event in answer.events] == ["asked", "asked"]
    (swap,) = applied(store, claim(row("b", 4000), row("b", 4002), row("b", 4003), expected=2)).operation.changes
    assert swap.after is not None
    assert swap.after.port == 4000


def test_a_plan_keeps_ports_from_all_but_the_service_that_has_them(store: Store):
    filled(store, ["a"])
    applied(store, RecordPlan(plan("p", 4000, 4001)))
    assert rejected(store, claim(row("b", 4001))).detail == (
        "b cannot have 4001: a plan that is being applied keeps it"
    )
    applied(store, claim(replace(row("a", 4000), actor="another"), expected=1))
    inherited = row("a", 4000, source=Source.INHERITED)
    applied(store, claim(inherited, expected=3))
    rejected(store, claim(row("a", 4000), expected=4))  # its port is its parent's by now


def test_a_port_given_up_in_the_batch_can_be_taken_in_it(store: Store):
    filled(store, ["a"])
    applied(store, remove(store.snapshot().assignments[key("a")]), claim(row("b", 4000)))
    assert ports(store) == {"b": 4000}
    assert store.snapshot().quarantines == ()
    applied(store, claim(row("c", 4000)), remove(store.snapshot().assignments[key("b")]))
    assert ports(store) == {"c": 4000}
    assert store.snapshot().quarantines == ()


def test_a_service_removed_and_claimed_in_one_batch_has_moved(store: Store):
    filled(store, ["a"])
    old = store.snapshot().assignments[key("a")]
    answer = applied(store, remove(old), claim(row("a", 4009)))
    assert [(change.before, change.after and change.after.port) for change in answer.operation.changes] == [(old, 4009)]
    assert [event.kind for event in store.events()] == [EventKind.MOVED, EventKind.ASSIGNED]


def test_a_lease_does_not_outlive_its_service_within_a_batch(store: Store):
    gone = Remove(key=key("web"), expected=1, reason="changed its mind")
    applied(store, claim(row("web", 4000)), TakeLease(lease_of("web", "t")), gone)
    assert store.snapshot() == StoreState(revision=1, quarantines=store.snapshot().quarantines)
    assert [each.port for each in store.snapshot().quarantines] == [4000]


def test_a_lease_that_the_batch_itself_took_can_be_dropped_in_it(store: Store):
    filled(store, ["web"])
    applied(store, TakeLease(lease_of("web", "old")))
    applied(store, TakeLease(lease_of("web", "new")), DropLease(key("web"), "old"))
    assert store.snapshot().leases == {key("web"): lease_of("web", "new")}
    applied(store, TakeLease(lease_of("web", "newer")), DropLease(key("web"), "newer"))
    assert store.snapshot().leases == {}


def test_a_workspace_keeps_its_root_when_it_is_named_without(store: Store):
    known = Workspace(name="shop", root="/src/shop", repository="shop")
    applied(store, RecordWorkspace(HOST, known))
    applied(store, RecordWorkspace(HOST, Workspace(name="shop", root=None)))
    assert store.snapshot().workspaces == (known,)


def test_a_released_port_is_in_quarantine_for_a_minute(store: Store):
    filled(store, ["Web", "api"])
    applied(store, remove(store.snapshot().assignments[key("web")]), at=1000.0)
    (held,) = store.snapshot().quarantines
    assert (held.host, held.protocol, held.port, held.service, held.released_at) == (HOST, "tcp", 4000, "Web", 1000.0)
    applied(store, at=1059.0)
    assert len(store.snapshot().quarantines) == 1
    applied(store, at=1060.0)
    assert store.snapshot().quarantines == ()


def test_a_clock_set_back_does_not_keep_a_quarantine_for_years(store: Store):
    filled(store, ["web"])
    applied(store, remove(store.snapshot().assignments[key("web")]), at=2_000_000.0)
    applied(store, at=1000.0)
    assert store.snapshot().quarantines == ()


def test_a_service_that_comes_back_lifts_its_own_quarantine(store: Store):
    filled(store, ["web"])
    applied(store, remove(store.snapshot().assignments[key("web")]))
    applied(store, claim(row("web", 4000)))
    assert store.snapshot().quarantines == ()


def test_a_replayed_batch_has_no_second_effect(store: Store):
    first = batch(claim(row("web", 4000)), id="once")
    answer = store.apply(first)
    assert store.apply(first) == answer
    applied(store, claim(row("web", 4001), expected=1))
    again = store.apply(first)
    assert again == answer
    assert isinstance(again, Applied)
    assert again.operation.changes[0].after is not None
    assert again.operation.changes[0].after.revision == 1
    assert store.snapshot().revision == 2
    assert len(store.events()) == 2


def test_a_rejected_batch_may_be_tried_again_under_its_id(store: Store):
    filled(store, ["web"])
    wanted = batch(claim(row("api", 4000)), id="again")
    store.apply(wanted)
    applied(store, remove(store.snapshot().assignments[key("web")]))
    assert isinstance(store.apply(wanted), Applied)


def test_removing_what_is_gone_or_changed_is_rejected(store: Store):
    filled(store, ["web"])
    old = store.snapshot().assignments[key("web")]
    applied(store, claim(row("web", 4001), expected=1))
    rejected(store, remove(old))
    applied(store, remove(store.snapshot().assignments[key("web")]))
    assert "gone" in rejected(store, remove(old)).detail


def test_watch_returns_when_another_thread_changes_something(store: Store):
    filled(store, ["web"])
    assert store.watch(0, 30) == 1
    started = threading.Event()
    seen: list[int] = []

    def wait() -> None:
        started.set()
        seen.append(store.watch(1, 30))

    thread = threading.Thread(target=wait)
    thread.start()
    started.wait(10)
    applied(store, claim(row("api", 4001)))
    thread.join(30)
    assert seen == [2]
    assert store.watch(2, 0.01) == 2


def test_close_wakes_whoever_watches_and_may_be_called_twice(store: Store):
    filled(store, ["web"])
    thread = threading.Thread(target=store.watch, args=(1, 60))
    thread.start()
    store.close()
    thread.join(30)
    assert not thread.is_alive()
    assert store.watch(1, 60) == 1  # nor does one who comes a moment too late wait, or meet an error
    store.close()
    with pytest.raises(StoreError):
        store.snapshot()
    with pytest.raises(StoreError):
        store.apply(batch())


def test_many_threads_claim_and_none_gets_anothers_port(store: Store):
    threads, each = 6, 8
    barrier = threading.Barrier(threads)
    got: list[int] = []
    options = range(4000, 4000 + threads * each)

    def work(number: int) -> None:
        barrier.wait()
        for turn in range(each):
            name = f"s{number}-{turn}"
            change = applied(store, claim(*(row(name, port) for port in options))).operation.changes[0]
            assert change.after is not None
            got.append(change.after.port)
            store.snapshot()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sorted(got) == list(options)
    assert store.snapshot().revision == threads * each


@pytest.mark.parametrize(
    ("op", "error"),
    [
        (claim(row("web", 0)), UsageError),
        (claim(row("web", 70000)), InvalidPort),
        (claim(replace(row("web", 4000), home=0)), InvalidPort),
        (claim(row("../etc", 4000)), InvalidName),
        (claim(replace(row("web", 4000), key=key("api"))), InvalidName),
        (claim(replace(row("web", 4000), key=replace(key("web"), service="WEB"))), InvalidName),
        (claim(replace(row("web", 4000), key=replace(key("web"), user="de\nv"))), InvalidName),
        (RecordWorkspace(HOST, Workspace(name="", root=None)), InvalidName),
        (claim(), ValueError),
        (claim(row("web", 4000), row("api", 4001)), ValueError),
    ],
)
def test_what_could_not_be_read_again_is_not_written(store: Store, op: object, error: type[Exception]):
    with pytest.raises(error):
        store.apply(batch(op))  # type: ignore[arg-type]
    assert store.snapshot() == StoreState()
