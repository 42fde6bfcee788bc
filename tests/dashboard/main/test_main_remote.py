"""Services of other hosts that share a store: seen, and changed there."""

from dataclasses import replace

import scenes
from fakes import WEB, desk_for, footer_of, running, screen_lines
from row_texts import KEYS, drawn, everything, facts_of, find, text_of

from portdash.dashboard.commands import BY_ID
from portdash.dashboard.context import REMOTE, Context
from portdash.dashboard.copies import copies_of
from portdash.dashboard.desk import Desk
from portdash.dashboard.rows.column_sets import columns_of
from portdash.dashboard.rows.details import details, tabs_of
from portdash.dashboard.rows.drawing import Beside, line_of
from portdash.dashboard.rows.events import event_details
from portdash.dashboard.rows.facts import place_of
from portdash.dashboard.rows.filtering import parse_filter
from portdash.dashboard.rows.listing import ListState
from portdash.dashboard.rows.needs import needs_of
from portdash.dashboard.rows.row import EventLine, Kind, service_row_key
from portdash.dashboard.rows.seeing import see
from portdash.dashboard.rows.view import View
from portdash.demo.scene import demo_deps
from portdash.model.history import Event, EventKind
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.model.storage import Applied, Batch, Claim

FAR = "b7d2639b" + "0" * 24


def remote(name: str, port: int, *, heard: bool) -> ServiceView:
    here = scenes.service(scenes.SHOP, name, port)
    key = replace(here.key, host=FAR)
    assert here.assignment
    return replace(here, key=key, assignment=replace(here.assignment, key=key), heard=heard)


def shared() -> Snapshot:
    """The working day, and two services of another host, one on a port that a server of ours holds."""
    return replace(scenes.working_day(), remote=(remote("api", 3000, heard=True), remote("old", 4002, heard=False)))


def test_they_stand_last_in_groups_of_their_own_and_say_whether_they_are_heard_of():
    facts = facts_of(shared())
    assert [group.workspace.name for group in facts.groups][-1] == "shop on host b7d2639b"
    lines = drawn(everything(facts), 120)
    assert "● in use there" in find(lines, "api", "on host b7d2639b")
    assert "on host b7d2639b, not heard of" in find(lines, "old", "? stale")
    assert place_of(scenes.working_day().services[0]) == "shop"


async def test_a_column_says_on_which_host_each_is_where_there_are_others():
    async with running(desk_for(shared()), size=(120, 90)) as (pilot, main):
        lines = screen_lines(pilot.app)
        start = find(lines, "SERVICE", "HELD BY").index("HOST")
        assert find(lines, "4002")[start:].startswith("b7d2639b")
        assert find(lines, "9090")[start:].startswith("here ")
        await pilot.press("slash", *"host:b7", "enter")
        assert [row.subject.name for row in main.table.listing.rows if row.kind is Kind.SERVICE] == ["api", "old"]
        await pilot.press("escape", "slash", *"host:here", "enter")
        assert len([row for row in main.table.listing.rows if row.kind is Kind.SERVICE]) == 20
    async with running(desk_for(), size=(120, 40)) as (pilot, _main):
        assert "HOST" not in "\n".join(screen_lines(pilot.app))


def test_history_tells_which_events_are_theirs():
    def event(host: str, at: float) -> Event:
        return Event(
            kind=EventKind.ASSIGNED,
            at=at,
            workspace="shop",
            service="api",
            actor="cli",
            reason="r",
            to_port=3000,
            sequence=int(at),
            host=host,
        )

    facts = facts_of(replace(shared(), host="here0000"))
    facts = replace(facts, events=tuple(event(host, scenes.NOW - ago) for host, ago in ((FAR, 3), ("here0000", 2))))
    columns = columns_of(View.HISTORY, 140, needs_of(see(facts, ListState(view=View.HISTORY))))

    def shown(text: str = "", only: str | None = None) -> list[str]:
        rows = see(facts, ListState(view=View.HISTORY, filter=parse_filter(text), only=only)).rows
        return [text_of(line_of(row, facts, columns, 140, Beside())) for row in rows]

    ours, theirs = shown()
    assert " api " in ours
    assert "shop/api on host b7d2639b" in theirs
    assert shown("host:b7") == [theirs]
    assert shown("host:here") == shown(only="shop") == [ours]
    told = "\n".join(map(text_of, event_details(EventLine(facts.events[0]), facts, 60)))
    assert f"on host        {FAR}" in told
    assert "api has 3000" in told


def test_the_past_of_a_service_is_that_of_its_host():
    deps = demo_deps()
    desk = Desk(deps)
    snapshot = desk.look()
    view = next(each for each in snapshot.services if each.name == "api")
    assert view.assignment
    far = replace(view.assignment, key=replace(view.key, host=FAR))
    claim = Claim(options=(far,), expected=None, reason="far")
    deps.store.apply(
        Batch(id="far", title="t", workspace=view.key.workspace, actor="t", at=snapshot.taken_at, ops=(claim,))
    )
    assert "far" in [event.reason for event in desk.history()]
    assert "far" not in [event.reason for event in desk.past_of(snapshot, view).events]
    assert [event.reason for event in desk.past_of(snapshot, replace(view, key=far.key)).events] == ["far"]


def test_their_details_tell_nothing_of_this_host():
    facts = facts_of(shared())
    rows = everything(facts)
    row = rows.rows[rows.index[service_row_key(shared().remote[0])]]
    text = "\n".join(text_of(line) for line in details(row, facts, (), 100))
    assert "a process there holds its lease; it is changed there" in text
    assert "node 4121" not in text
    assert len(tabs_of(row)) == 1


def test_whatever_would_change_them_is_grey_and_says_why():
    facts = facts_of(shared())
    rows = everything(facts)
    row = rows.rows[rows.index[service_row_key(shared().remote[0])]]
    group = next(each for each in rows.rows if each.key == (Kind.GROUP, "shop on host b7d2639b"))
    for name in ("move", "resolve", "release", "free", "log"):
        assert BY_ID[name].unavailable(Context(keys=KEYS, facts=facts, row=row)) == REMOTE
    assert BY_ID["release"].unavailable(Context(keys=KEYS, facts=facts, row=group)) == REMOTE
    assert Context(keys=KEYS, facts=facts, row=group).services == ()
    assert BY_ID["report"].unavailable(Context(keys=KEYS, facts=facts, row=row)) is None


def test_files_and_directories_of_a_namesake_here_are_not_theirs():
    facts = replace(facts_of(shared()), config_files={"shop": f"{scenes.HOME}/src/shop/portdash.toml"})
    rows = everything(facts)
    theirs = Context(keys=KEYS, facts=facts, row=rows.rows[rows.index[service_row_key(shared().remote[0])]])
    ours = Context(keys=KEYS, facts=facts, row=rows.rows[rows.index[WEB]])
    assert (ours.config_file, theirs.config_file) == (f"{scenes.HOME}/src/shop/portdash.toml", None)
    assert BY_ID["edit"].unavailable(ours) is None
    assert "d" not in [row.key for row in copies_of(theirs)]


async def test_a_report_from_their_row_is_about_the_workspace():
    async with running(desk_for(shared())) as (pilot, main):
        main.table.move_to(service_row_key(shared().remote[1]))
        await pilot.pause()
        text = "\n".join(screen_lines(pilot.app))
        assert "it is another host's" in text
        assert "release" not in footer_of(main)
        await pilot.press("D")
        assert pilot.app.screen is main
        assert [REMOTE in each.message for each in pilot.app._notifications] == [True]
        await pilot.press("R")
        await pilot.pause()
        assert "portdash report: shop" in "\n".join(screen_lines(pilot.app))


def test_the_observer_keeps_them_apart_from_ours():
    deps = demo_deps()
    row = next(iter(deps.store.snapshot().assignments.values()))
    far = replace(row, key=replace(row.key, host=FAR), revision=0)
    batch = Batch(
        id="far",
        title="far",
        workspace="shop",
        actor="cli",
        at=0.0,
        ops=(Claim(options=(far,), expected=None, reason=""),),
    )
    assert isinstance(deps.store.apply(batch), Applied)
    seen = deps.observer.snapshot()
    deps.close()
    assert [(view.key, view.heard) for view in seen.remote] == [(far.key, False)]
    assert far.key not in {view.key for view in seen.services}
    assert far.key not in seen.assignments
