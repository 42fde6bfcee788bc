"""What every store promises about leases, plans, workspaces and history."""

from dataclasses import replace

from store_world import HOST, applied, batch, claim, filled, key, lease_of, plan, ports, rejected, remove, row

from portdash.model.assignment import Source
from portdash.model.history import Event, EventKind
from portdash.model.kept import PlanState
from portdash.model.storage import DropLease, MarkUndone, RecordEvent, RecordPlan, RecordWorkspace, Store, TakeLease
from portdash.model.workspace import Workspace


def test_leases_are_taken_replaced_and_dropped_by_their_token(store: Store):
    filled(store, ["web"])
    applied(store, TakeLease(lease_of("web", "one")))
    applied(store, TakeLease(lease_of("web", "two")))
    applied(store, DropLease(key("web"), "one"))
    assert store.snapshot().leases == {key("web"): lease_of("web", "two")}
    applied(store, DropLease(key("web"), "two"))
    assert store.snapshot().leases == {}
    assert ports(store) == {"web": 4000}


def test_a_lease_needs_an_assignment_and_goes_with_it(store: Store):
    rejected(store, TakeLease(lease_of("web", "one")))
    applied(store, claim(row("web", 4000)), TakeLease(lease_of("web", "one")))
    applied(store, claim(row("web", 4001), expected=1))
    assert key("web") in store.snapshot().leases
    applied(store, remove(store.snapshot().assignments[key("web")]))
    assert store.snapshot().leases == {}


def test_a_plan_being_applied_keeps_its_ports(store: Store):
    filled(store, ["web"], first=3000)
    applied(store, RecordPlan(plan("p", 3000, 3001)))
    assert store.snapshot().plans == (plan("p", 3000, 3001),)
    assert "plan" in rejected(store, claim(row("api", 3001))).detail
    applied(store, claim(row("api", 3001), row("api", 3002)))
    assert ports(store)["api"] == 3002
    applied(store, claim(row("web", 3000), expected=1))  # what it has, it may keep
    applied(store, RecordPlan(plan("p", 3000, 3001, state=PlanState.APPLIED)), claim(row("db", 3001)))
    assert store.snapshot().plans == ()
    assert ports(store)["db"] == 3001


def test_a_plan_on_another_host_keeps_nothing_here(store: Store):
    applied(store, RecordPlan(replace(plan("p", 3000), host="another")))
    applied(store, claim(row("web", 3000)))


def test_a_root_keeps_the_name_it_has(store: Store):
    shop = Workspace(name="shop", root="/src/shop")
    applied(store, RecordWorkspace(HOST, shop))
    applied(store, RecordWorkspace(HOST, shop))
    assert "is the workspace shop" in rejected(store, RecordWorkspace(HOST, replace(shop, name="other"))).detail
    assert "called shop" in rejected(store, RecordWorkspace(HOST, Workspace(name="Shop", root="/src/2"))).detail
    applied(store, RecordWorkspace(HOST, Workspace(name="shop", root=None)))
    grown = replace(shop, repository="shop")
    applied(store, RecordWorkspace(HOST, grown))
    applied(store, RecordWorkspace("another", replace(shop, name="elsewhere")))
    assert store.snapshot().workspaces == (grown,)


def test_two_new_workspaces_of_one_batch_are_held_against_each_other(store: Store):
    first, second = Workspace(name="shop", root="/a"), Workspace(name="shop", root="/b")
    rejected(store, RecordWorkspace(HOST, first), RecordWorkspace(HOST, second))


def test_a_root_that_is_not_unicode_is_kept_as_it_is(store: Store):
    odd = Workspace(name="odd", root="/src/\udcff\udc80\x1b[2J")
    applied(store, RecordWorkspace(HOST, odd))
    assert store.snapshot().workspaces == (odd,)
    rejected(store, RecordWorkspace(HOST, replace(odd, name="other")))


def test_events_tell_what_happened_newest_first(store: Store):
    applied(store, claim(row("Web", 4000), reason="first"), claim(row("db", 5432, source=Source.DETECTED)))
    applied(store, claim(row("Web", 4001), expected=1, reason="squatted"))
    applied(store, claim(replace(row("Web", 4001), home=4000), expected=2))
    applied(store, remove(store.snapshot().assignments[key("web")], reason="done"))
    ended = Event(kind=EventKind.TERMINATED, at=5.0, workspace="shop", service="", actor="cli", reason="ended node 1")
    applied(store, RecordEvent(ended))
    told = [(e.kind.value, e.service, e.from_port, e.to_port, e.reason, e.revision) for e in store.events()]
    assert told == [
        ("terminated", "", None, None, "ended node 1", 5),
        ("released", "Web", 4001, None, "done", 4),
        ("updated", "Web", 4001, 4001, "asked", 3),
        ("moved", "Web", 4000, 4001, "squatted", 2),
        ("adopted", "db", None, 5432, "asked", 1),
        ("assigned", "Web", None, 4000, "first", 1),
    ]
    assert [event.sequence for event in store.events()] == [6, 5, 4, 3, 2, 1]
    assert [event.revision for event in store.events(service="WEB", limit=2)] == [4, 3]
    assert store.events(limit=0) == ()


def test_operations_are_those_of_the_workspace_that_changed_rows_and_stand(store: Store):
    first = applied(store, claim(row("web", 4000))).operation
    applied(store, RecordWorkspace(HOST, Workspace(name="shop", root="/src/shop")))
    store.apply(batch(claim(row("web", 4005, of=key("web", workspace="blog"))), workspace="blog"))
    second = applied(store, claim(row("web", 4001), expected=1)).operation
    assert store.operations("shop", limit=5) == (second, first)
    assert store.operations("shop") == (second,)
    undo = applied(store, claim(row("web", 4000), expected=4), MarkUndone(second.id)).operation
    assert undo.undone
    assert store.operations("shop", limit=5) == (first,)
    assert "already" in rejected(store, MarkUndone(second.id)).detail
    assert "ago" in rejected(store, MarkUndone("never")).detail
