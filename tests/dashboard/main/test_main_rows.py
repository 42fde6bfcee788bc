"""The rows of the working day, as text, at every width."""

from dataclasses import replace

import pytest
import scenes
from rich.cells import cell_len

from portdash.dashboard.rows.facts import Facts, digest
from portdash.dashboard.rows.filtering import parse_filter
from portdash.dashboard.rows.holders import short_command, what_runs
from portdash.dashboard.rows.layout import columns_for
from portdash.dashboard.rows.listing import Listing, ListState, build_listing, folded_to_fit
from portdash.dashboard.rows.paint import head_line, paint
from portdash.dashboard.rows.row import OTHERS_KEY, SYSTEM_KEY, Kind, Line, Other, Tone, service_row_key
from portdash.dashboard.rows.summary import Standing, header_line, trouble_line, troubles
from portdash.model.assignment import Source
from portdash.model.conflict import ConflictKind
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.model.workspace import Workspace
from portdash.report.words import age

LIVE = Standing("live, 0.4s ago")


def facts_of(snapshot: Snapshot | None = None, before: Facts | None = None) -> Facts:
    return digest(snapshot or scenes.working_day(), home=scenes.HOME, before=before)


def text_of(line: Line) -> str:
    return "".join(span.text for span in line)


def drawn(listing: Listing, width: int) -> list[str]:
    columns = columns_for(width, listing.longest_name)
    return [text_of(paint(row, listing.facts, columns, width)) for row in listing.rows]


def everything(facts: Facts) -> Listing:
    return build_listing(facts, ListState(frozenset()))


def find(lines: list[str], *words: str) -> str:
    return next(line for line in lines if all(word in line for word in words))


@pytest.mark.parametrize("width", [30, 40, 50, 60, 69, 70, 79, 80, 97, 98, 103, 118, 139, 140, 200])
def test_every_line_is_exactly_as_wide_as_asked(width: int):
    listing = everything(facts_of())
    columns = columns_for(width, listing.longest_name)
    for line in drawn(listing, width):
        assert cell_len(line) == width
    for others in (False, True):
        assert cell_len(text_of(head_line(columns, others=others))) <= width


def test_columns_at_160():
    listing = everything(facts_of())
    assert text_of(head_line(columns_for(103, listing.longest_name), others=False)).split() == [
        "SERVICE", "PORT", "SOURCE", "STATE", "HELD", "BY", "VIA", "UP",
    ]  # fmt: skip
    lines = drawn(listing, 103)
    assert find(lines, "squatted").split() == [
        "web", "3000", "preferred", "▲", "squatted", "≠", "node", "4121", "shop@fix-login", "claude", "3m",
    ]  # fmt: skip
    assert find(lines, "worker").split()[2:4] == ["fallback", "5173"]
    assert find(lines, "misplaced").split()[5:10] == ["misplaced", "runs", "on", "3000:", "node"]
    assert "inherited api" in find(lines, "websocket", "3990")
    assert "= shop-redis-1 (docker)" in find(lines, "shop-redis-1")
    assert "▣ hung 40s" in find(lines, "cms")
    assert "= node 2811, 5 waiting" in find(lines, "cms")
    assert "◐ flapping 6x" in find(lines, "4321")
    assert find(lines, "api", "8000", "uvicorn 3990").rstrip().endswith("tmux 1.0 2h14")


def test_the_group_line_counts_by_state():
    lines = drawn(everything(facts_of()), 103)
    assert lines[0].startswith("▾ shop  ~/src/shop   (you are here)")
    assert lines[0].rstrip().endswith("6 services · 4 running · ▲ 1 · ○ 1")
    assert find(lines, "▾ blog").rstrip().endswith("4 services · 2 running · ▣ 1 · ◐ 1")
    assert find(lines, "▾ infra").rstrip().endswith("5 services · all running")


def test_columns_at_80_60_and_40():
    facts = facts_of()
    at_80 = drawn(everything(facts), 80)
    assert find(at_80, "squatted") == (
        "   web         3000  preferred     ▲ squatted     ≠ node 4121 @fix-login    3m  "
    )
    assert find(at_80, "misplaced").startswith("   web         3002  fallback 3000 ▲ misplaced      runs on 3000: node")
    at_60 = drawn(everything(facts), 60)
    assert find(at_60, "squatted") == "   web         3000  ▲ squatted     ≠ node 4121 @fix-login  "
    assert find(at_60, "worker").startswith("   worker      5174* ● running 4ms  = node 4415")
    assert find(at_60, "websocket", "8000").startswith("   websocket   8000  ● running")
    assert at_60[0] == "▾ shop                                          4/6 running "
    at_40 = drawn(everything(facts), 40)
    assert find(at_40, "squatted").split() == ["web", "3000", "▲", "squatted"]


def test_a_command_column_appears_when_there_is_room():
    listing = everything(facts_of())
    assert "COMMAND" in text_of(head_line(columns_for(150, 10), others=False))
    assert "next dev -p 3000" in find(drawn(listing, 150), "squatted")


def test_other_listeners_by_width():
    facts = facts_of()
    vite = find(drawn(everything(facts), 103), " 5176 ")
    assert vite.split()[2:] == ["shop@fix-login", "2", "conn", "node", "5161", "vite", "claude", "38m"]
    assert "node 7702  vite preview" in find(drawn(everything(facts), 103), "4173")
    assert find(drawn(everything(facts), 103), "6007").split()[-2:] == ["orphan", "2d"]
    assert "conn" not in find(drawn(everything(facts), 80), " 5176 ")
    assert find(drawn(everything(facts), 60), " 5176 ").split()[-3:] == ["node", "5161", "vite"]


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


def rows_for(text: str, *, trouble: bool = False, here_only: bool = False) -> list[str]:
    facts = facts_of()
    state = ListState(frozenset({SYSTEM_KEY}), parse_filter(text, trouble=trouble), here_only)
    found = []
    for row in build_listing(facts, state).rows:
        if isinstance(row.subject, ServiceView):
            found.append(f"{facts.label_of(row.subject.key.workspace)}/{row.subject.name}")
        elif isinstance(row.subject, Other):
            found.append(str(row.subject.listener.port))
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3000", ["shop/web", "shop@fix-login/web", "infra/grafana"]),
        ("port:3000", ["shop/web", "shop@fix-login/web"]),
        ("port:808*", ["infra/traefik"]),
        ("UVICORN 3990", ["shop/api", "shop/websocket"]),
        ("project:blog vscode", ["blog/web", "4173"]),
        ("sshd", ["22"]),
        ("! project:blog", ["blog/cms", "blog/web"]),
        ("hung", ["blog/cms"]),
        ("[/red]", []),
    ],
)
def test_filter(text: str, found: list[str]):
    assert rows_for(text) == found


def test_an_unfinished_word_of_the_filter_hides_nothing():
    assert rows_for("port:") == rows_for("")


def test_trouble_and_scope_combine_with_the_filter():
    assert rows_for("", trouble=True) == ["shop/web", "shop@fix-login/web", "blog/cms", "blog/web"]
    assert rows_for("web", trouble=True, here_only=True) == ["shop/web"]
    assert rows_for("", here_only=True)[-1] == "5175"


def test_the_list_says_why_it_is_empty():
    facts = facts_of()
    none = build_listing(facts, ListState(filter=parse_filter("nonesuch")))
    assert text_of(paint(none.rows[0], facts, columns_for(103, 9), 103)).strip() == (
        "Nothing matches /nonesuch. 20 services and 15 listeners are hidden. esc clears"
    )
    away = facts_of(replace(scenes.working_day(), workspace="docs", workspaces=(*scenes.WORKSPACES, DOCS)))
    here = build_listing(away, ListState(here_only=True))
    assert "docs has no service. 0 shows the 4 other workspaces (20 services)" in drawn(here, 103)[0]
    well = facts_of(scenes.snapshot_of([view for view in scenes.working_day().services if view.name == "loki"]))
    assert "No trouble" in drawn(build_listing(well, ListState(filter=parse_filter("", trouble=True))), 80)[0]


DOCS = Workspace(name="docs", root=f"{scenes.HOME}/docs")


def test_first_run_shows_what_to_do_and_what_runs():
    facts = facts_of(scenes.snapshot_of((), scenes.other_listeners()))
    lines = drawn(build_listing(facts, ListState()), 80)
    assert "portdash keeps a port for each of your services. It knows none so far." in lines[0]
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


def test_header_counts_and_place():
    line = text_of(header_line(facts_of(), LIVE, 160))
    assert line.startswith(
        " portdash   all workspaces (4), you are in shop     20 services   14 running   ▲ 2 conflicts"
    )
    assert "▣ 1 hung   ◐ 1 flapping   ○ 2 not running" in line
    assert line.endswith("live, 0.4s ago ")
    assert text_of(header_line(facts_of(), LIVE, 80)).startswith(
        " Services · all   20: 14 running  ▲ 2  ▣ 1  ◐ 1  ○ 2 "
    )
    assert text_of(header_line(facts_of(), LIVE, 60)).startswith(" Services  20: 14 running ▲2 ▣1 ◐1 ○2 ")
    for width in (40, 60, 80, 120, 160, 220):
        assert cell_len(text_of(header_line(facts_of(), LIVE, width))) == width


def test_the_header_says_only_what_is_unusual():
    odd = replace(scenes.working_day(), environment="staging")
    line = text_of(header_line(facts_of(odd), LIVE._replace(is_locked=True, here_only=True), 200))
    assert "LOCKED  staging" in line
    assert "only shop" in line
    assert "development" not in text_of(header_line(facts_of(), LIVE, 200))


def test_trouble_is_ranked_and_named():
    facts = facts_of()
    names = [key[1].service for key in troubles(facts)]
    assert names == ["web", "web", "cms", "web"]
    line = text_of(trouble_line(facts, None, 160))
    assert (
        "▲ 1 of 4   shop/web cannot have 3000: node 4121 of shop@fix-login holds it, started by claude 3m ago" in line
    )
    assert line.rstrip().endswith("c resolve   n next   ! only these")
    assert text_of(trouble_line(facts, None, 80)).startswith(
        " ▲ 1/4 shop/web: 3000 held by node 4121, shop@fix-login (claude)"
    )
    assert "▣ 3 of 4   blog/cms is hung 40s: node 2811" in text_of(trouble_line(facts, troubles(facts)[2], 160))


def test_all_well_says_no_trouble():
    well = facts_of(scenes.snapshot_of([view for view in scenes.working_day().services if view.name == "loki"]))
    assert text_of(trouble_line(well, None, 80)).strip() == "No trouble."


def test_a_second_server_on_part_of_localhost_is_named():
    own = scenes.docker(5432, "blog-db-1", 9, scenes.BLOG)
    host = scenes.listener(5432, 911, "postgres", address="::1", user="postgres")
    shadow = scenes.conflict(ConflictKind.SHADOWED, scenes.BLOG, "db", 5432, "postgres 911")
    view = scenes.service(scenes.BLOG, "db", 5432, own=own, conflicts=(shadow,))
    snapshot = scenes.snapshot_of([replace(view, listeners=(own, host))], [host])
    line = find(drawn(everything(facts_of(snapshot)), 118), "shadowed")
    assert "= blog-db-1 (docker), ≠ postgres 911 on ::1" in line


def test_a_missed_port_that_is_free_again_is_said():
    view = scenes.service(scenes.SHOP, "web", 3003, source=Source.FALLBACK, missed=3000)
    snapshot = scenes.snapshot_of([replace(view, home_free=True)])
    assert "3000 free now" in drawn(everything(facts_of(snapshot)), 103)[1]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0s"), (59, "59s"), (60, "1m"), (8040, "2h14"), (7200, "2h"), (36000, "10h"), (93600, "1d2h"), (86400, "1d"),
     (126000, "1d"), (9 * 86400, "9d"), (1e8, "3y"), (-5, "0s")],
)  # fmt: skip
def test_age(seconds: float, text: str):
    assert age(seconds) == text
    assert len(age(seconds)) <= 4


def test_what_an_interpreter_runs():
    command = ("/usr/bin/node", "/x/.bin/vite.js", "preview", "--port", "1")
    assert what_runs(replace(scenes.listener(1, 1).owner, command=command)) == "vite preview"
    assert short_command(command) == "vite preview --port 1"
    assert short_command(("python3.12", "-m", "uvicorn", "app:app")) == "uvicorn app:app"
    assert short_command(("/usr/sbin/sshd", "-D")) == "sshd -D"
    assert what_runs(scenes.listener(1, 1).owner) == ""


def test_rows_keep_their_identity():
    facts = facts_of()
    listing = everything(facts)
    assert len({row.key for row in listing.rows}) == len(listing.rows)
    again = everything(facts_of(replace(scenes.working_day(), taken_at=scenes.NOW + 1)))
    assert [row.key for row in again.rows] == [row.key for row in listing.rows]
    web = next(view for view in facts.snapshot.services if view.name == "web")
    assert listing.rows[listing.index[service_row_key(web)]].subject is web
    assert sum(1 for row in listing.rows if row.kind is Kind.HEAD) == 1
