from dataclasses import replace

import pytest

from portdash.errors import InvalidName
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps
from portdash.manager.facade import PortManager
from portdash.manager.plans import plan_undo
from portdash.manager.recalling import history
from portdash.manager.wishes import Wish
from portdash.model.history import Event, EventKind
from portdash.model.storage import Batch, Claim, RecordEvent
from portdash.report.history import cells, event_json, what


def note(deps: Deps, number: int, workspace: str, service: str = "web", host: str = "") -> None:
    """Write a line of history that no row stands for."""
    event = Event(
        kind=EventKind.CONFLICT,
        at=float(number),
        workspace=workspace,
        service=service,
        actor="test",
        reason="r",
        host=host,
    )
    deps.store.apply(
        Batch(id=f"{workspace}{number}", title="t", workspace=workspace, actor="t", at=1.0, ops=(RecordEvent(event),))
    )


def test_what_happened_newest_first(deps: Deps):
    allocate(deps, [Wish(name="web", base=7000)])
    PortManager(deps=deps).release("web")
    events = history(deps, service=None, everywhere=False, limit=10)
    assert [what(event) for event in events] == ["released 7000", "assigned 7000"]
    assert all(event.actor == "test" for event in events)


def test_of_one_service_or_workspace(deps: Deps):
    for number in range(3):
        note(deps, number, "shop")
        note(deps, number, "blog", "Web")
    assert len(history(deps, service=None, everywhere=False, limit=10)) == 3
    assert len(history(deps, service=None, everywhere=True, limit=10)) == 6
    assert len(history(deps, service="WEB", everywhere=True, limit=10)) == 6
    assert {event.workspace for event in history(deps, service="blog/web", everywhere=False, limit=9)} == {"blog"}
    assert history(deps, service="api", everywhere=True, limit=10) == ()
    with pytest.raises(InvalidName):
        history(deps, service="a b", everywhere=True, limit=10)


def test_what_happened_on_another_host_is_no_history_of_this_one(deps: Deps):
    allocate(deps, [Wish(name="web", base=7000)])
    note(deps, 1, deps.place.workspace.name, host="b7d2639b")
    note(deps, 2, deps.place.workspace.name, host=deps.place.host)
    here = history(deps, service="web", everywhere=False, limit=10)
    assert [(event.kind.value, event.host) for event in here] == [
        ("conflict", deps.place.host),
        ("assigned", deps.place.host),
    ]
    (_, far, _) = history(deps, service="web", everywhere=True, limit=10)
    assert event_json(far)["host"] == "b7d2639b"
    told = cells(far, when="", here=deps.place.workspace.name, host=deps.place.host)[1]
    assert told == f"{deps.place.workspace.name}/web on host b7d2639b"


def test_undo_takes_back_nothing_of_another_host(deps: Deps):
    there = replace(deps, place=deps.place._replace(host="b" * 32))
    allocate(deps, [Wish(name="web", base=7000)])
    far = replace(deps.store.snapshot().assignments[deps.place.key("web")], key=there.place.key("web"))
    claim = Claim(options=(far,), expected=None, reason="far")
    deps.store.apply(Batch(id="far", title="far", workspace=deps.place.workspace.name, actor="t", at=9.0, ops=(claim,)))
    (step,) = plan_undo(deps, deps.observer.snapshot()).steps
    assert step.key == deps.place.key("web")


def test_another_workspace_does_not_hide_what_happened_here(deps: Deps):
    note(deps, 0, "shop")
    note(deps, 1, "shop")
    for number in range(1100):
        note(deps, number, "blog")
    events = history(deps, service=None, everywhere=False, limit=2)
    assert [event.at for event in events] == [1.0, 0.0]
    assert len(history(deps, service=None, everywhere=True, limit=1000)) == 1000


@pytest.mark.parametrize(
    ("kind", "before", "after", "text"),
    [
        (EventKind.ASSIGNED, None, 3000, "assigned 3000"),
        (EventKind.MOVED, 3000, 3001, "moved 3000 to 3001"),
        (EventKind.UPDATED, 3000, 3000, "updated 3000"),
        (EventKind.RELEASED, 3000, None, "released 3000"),
        (EventKind.TERMINATED, None, None, "terminated"),
    ],
)
def test_what_an_event_says(kind: EventKind, before: int | None, after: int | None, text: str):
    event = Event(
        kind=kind, at=0.0, workspace="shop", service="web", actor="cli", reason="r", from_port=before, to_port=after
    )
    assert what(event) == text


def test_foreign_text_is_shown_clean():
    event = Event(kind=EventKind.MOVED, at=1e300, workspace="b\x9b", service="\x1b[2J", actor="\u202e", reason="a\nb")
    shown = cells(event, when="-", here="shop")
    assert all(cell.isprintable() for cell in shown)
    document = event_json(event)
    assert document["at"] is None
    assert all(str(value).isprintable() for value in document.values())
