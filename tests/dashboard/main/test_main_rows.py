"""Which rows the working day has, in which order, and how they come and go."""

from dataclasses import replace

import scenes
from row_texts import drawn, everything, facts_of, find

from portdash.dashboard.rows.layout import columns_for
from portdash.dashboard.rows.listing import ListState, build_listing, folded_to_fit
from portdash.dashboard.rows.paint import paint
from portdash.dashboard.rows.row import OTHERS_KEY, SYSTEM_KEY, Kind, Other, Tone, service_row_key


def test_every_port_of_the_machine_is_reachable():
    snapshot = scenes.working_day()
    text = "\n".join(drawn(everything(facts_of(snapshot)), 200))
    for seen in snapshot.listeners:
        assert str(seen.listener.port) in text


def test_a_listener_of_an_unknown_service_is_another_listener():
    snapshot = scenes.working_day()
    lost = replace(snapshot, services=tuple(view for view in snapshot.services if view.name != "worker"))
    assert any(other.listener.port == 5174 for other in facts_of(lost).others)


def test_the_sockets_of_one_owner_on_a_port_are_one_row():
    both = (
        scenes.listener(5175, 9, address="127.0.0.1", connections=1, workspace=scenes.SHOP),
        scenes.listener(5175, 9, address="::1", connections=2, workspace=scenes.SHOP),
        scenes.listener(5175, 10, address="192.168.0.2", workspace=scenes.SHOP),
    )
    others = facts_of(scenes.snapshot_of((), both)).others
    assert [(len(other.listeners), other.connections) for other in others] == [(2, 3), (1, None)]


def test_groups_stand_ours_first_then_our_worktrees_then_by_name():
    snapshot = replace(scenes.working_day(), workspace="blog")
    assert [group.workspace.label for group in facts_of(snapshot).groups] == ["blog", "infra", "shop", "shop@fix-login"]
    assert [group.workspace.label for group in facts_of().groups] == ["shop", "shop@fix-login", "blog", "infra"]
    fix = replace(scenes.working_day(), workspace=scenes.FIX.name)
    assert [group.workspace.label for group in facts_of(fix).groups][:2] == ["shop@fix-login", "shop"]


def test_a_folded_group_still_shows_its_trouble():
    facts = facts_of()
    folded = frozenset(group.key for group in facts.groups) | {OTHERS_KEY}
    lines = drawn(build_listing(facts, ListState(folded)), 80)
    assert [line.split()[0] for line in lines] == ["▸", "web", "▸", "web", "▸", "cms", "web", "▸", "▸"]


def test_the_first_folding_is_that_of_the_drawings():
    facts = facts_of()
    assert folded_to_fit(facts, 41) == {SYSTEM_KEY}
    kept = {group.workspace.name for group in facts.groups if group.key not in folded_to_fit(facts, 20)}
    assert kept == {"shop", scenes.FIX.name, "blog"}
    assert {group.workspace.name for group in facts.groups if group.key not in folded_to_fit(facts, 15)} == {"shop"}
    assert len(build_listing(facts, ListState(folded_to_fit(facts, 15))).rows) <= 15


def test_system_daemons_fold_into_one_line_and_unfold():
    facts = facts_of()
    line = find(drawn(build_listing(facts, ListState(frozenset({SYSTEM_KEY}))), 103), "of the system")
    assert line.startswith("▸ 6 of the system: sshd 22, postfix 25, systemd-resolved 53, cupsd 631")
    ports = {row.subject.listener.port for row in everything(facts).rows if isinstance(row.subject, Other)}
    assert {22, 25, 53, 631, 40213, 45678} <= ports


def test_first_run_shows_what_to_do_and_what_runs():
    facts = facts_of(scenes.snapshot_of((), scenes.other_listeners()))
    lines = drawn(build_listing(facts, ListState()), 80)
    assert "It knows none so far" in lines[1]
    assert any(line.strip().startswith("A  adopt") for line in lines)
    assert any("WOULD BE" in line for line in lines)
    assert any("5175" in line for line in lines)


def test_hidden_owners_and_notices_are_lines_of_the_list():
    facts = facts_of(replace(scenes.working_day(), hidden_owners=9, notices=("containers unknown: no permission",)))
    lines = [line.strip() for line in drawn(everything(facts), 103)[-2:]]
    assert lines == ["9 owners hidden: other users", "containers unknown: no permission"]


def test_new_and_gone_rows_say_so_in_words():
    first = facts_of()
    fresh = scenes.listener(4999, 42, workspace=scenes.SHOP)
    lost = [each for each in scenes.other_listeners() if each.port != 5175]
    later = scenes.snapshot_of(scenes.working_day().services, [*lost, fresh], taken_at=scenes.NOW + 2)
    second = facts_of(later, before=first)
    lines = drawn(everything(second), 103)
    assert find(lines, " 4999 ").rstrip().endswith("new")
    assert find(lines, " 5175 ").rstrip().endswith("gone")
    gone = next(row for row in everything(second).rows if row.key in second.gone)
    assert {span.tone for span in paint(gone, second, columns_for(103, 9), 103) if span.text.strip()} == {Tone.DIM}
    third = facts_of(replace(later, taken_at=scenes.NOW + 20), before=second)
    assert not third.new
    assert not third.gone
    assert not any(" 5175 " in line for line in drawn(everything(third), 103))


def test_a_service_that_stopped_says_since_when():
    first = facts_of()
    stopped = tuple(
        replace(view, listeners=(), attribution=None) if view.name == "worker" else view
        for view in scenes.working_day().services
    )
    second = facts_of(scenes.snapshot_of(stopped, taken_at=scenes.NOW + 720), before=first)
    assert "exited 12m ago, port free" in find(drawn(everything(second), 103), "worker")


def test_what_ran_under_another_assignment_did_not_exit():
    first = facts_of()
    given = tuple(
        replace(
            view,
            listeners=(),
            attribution=None,
            assignment=replace(view.assignment, assigned_at=scenes.NOW + 60) if view.assignment else None,
        )
        if view.name == "worker"
        else view
        for view in scenes.working_day().services
    )
    second = facts_of(scenes.snapshot_of(given, taken_at=scenes.NOW + 720), before=first)
    assert find(drawn(everything(second), 103), "worker").rstrip().endswith("  port free")


def test_a_note_that_is_wider_than_the_list_goes_on_below_itself():
    note = f"{scenes.HOME}/src/shop/portdash.toml: services.web.command is shown but not started: run `portdash trust`"
    facts = facts_of(replace(scenes.working_day(), notices=(note,)))
    rows = build_listing(facts, ListState(frozenset(), width=60)).rows
    lines = [row.subject.text for row in rows if row.key[0] == Kind.TEXT and row.key[1][0] == "notice"]
    assert lines == [
        "  ~/src/shop/portdash.toml: services.web.command is shown",
        "  but not started: run `portdash trust`",
    ]


def test_rows_keep_their_identity():
    facts = facts_of()
    listing = everything(facts)
    assert len({row.key for row in listing.rows}) == len(listing.rows)
    again = everything(facts_of(replace(scenes.working_day(), taken_at=scenes.NOW + 1)))
    assert [row.key for row in again.rows] == [row.key for row in listing.rows]
    web = next(view for view in facts.snapshot.services if view.name == "web")
    assert listing.rows[listing.index[service_row_key(web)]].subject is web
    assert sum(1 for row in listing.rows if row.kind is Kind.HEAD) == 1


def test_a_listener_that_becomes_a_service_has_not_gone_and_is_as_old_as_it_is():
    server = scenes.listener(5175, 5120, up=90, workspace=scenes.SHOP)
    before = facts_of(scenes.snapshot_of([], [server]))
    adopted = scenes.service(scenes.SHOP, "vite", 5175, own=server)
    after = facts_of(scenes.snapshot_of([adopted], taken_at=scenes.NOW + 1), before)
    assert after.gone == {}
    lines = [line for line in drawn(everything(after), 120) if " 5175 " in line]
    assert len(lines) == 1
    assert lines[0].rstrip().endswith(" 1m")
    released = facts_of(scenes.snapshot_of([], [server], taken_at=scenes.NOW + 2), after)
    assert [key for key in released.gone if key[0] == Kind.LISTENER] == []
    assert [key for key in released.new if key[0] == Kind.LISTENER] == []
    assert "released" in find(drawn(everything(released), 120), " vite ")
    ended = facts_of(scenes.snapshot_of([], taken_at=scenes.NOW + 3), released)
    assert [key[0] for key in ended.gone if key[0] == Kind.LISTENER] == [Kind.LISTENER]


def test_a_service_that_is_new_and_does_not_run_is_new():
    after = facts_of(
        scenes.snapshot_of([scenes.service(scenes.SHOP, "vite", 5175)], taken_at=scenes.NOW + 1),
        facts_of(scenes.snapshot_of([])),
    )
    assert find(drawn(everything(after), 120), " vite ").rstrip().endswith("new")
