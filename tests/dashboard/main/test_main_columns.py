"""What the columns show of the working day, at every width."""

from dataclasses import replace

import pytest
import scenes
from rich.cells import cell_len
from row_texts import drawn, everything, facts_of, find, text_of

from portdash.dashboard.rows.holders import short_command, what_runs
from portdash.dashboard.rows.layout import columns_for
from portdash.dashboard.rows.paint import head_line
from portdash.model.assignment import Source
from portdash.model.conflict import ConflictKind
from portdash.report.words import age


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
