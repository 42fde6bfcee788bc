import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from report_world import FIX, NOW, SHOP, assignment, key_of, node, snapshot_of, squatted, view_of

from portdash.model.assignment import Reason, Source, Verdict
from portdash.model.health import Health, HealthState
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import SeenListener, ServiceView, Snapshot, Status
from portdash.report.formats import ReportFormat, render
from portdash.report.markdown import escape, report_markdown, table
from portdash.report.redaction import Redaction
from portdash.report.scope import Scope
from portdash.report.serialise import status_json
from portdash.report.text import report_text
from portdash.report.words import age, reason_phrase, source_phrase, state_word, trail
from portdash.text import clean

ANN = Redaction("/home/ann")

TEXT = """\
portdash report: shop

Taken        2025-03-04T11:02:02Z
Workspace    shop  ~/src/shop
Environment  development
Store        sqlite:///~/.local/state/portdash/portdash.db  revision 7
Strategy     minimal
Services     3: 1 running, 1 squatted, 1 not running
Ports        2 preferred, 1 fallback; 4 attempts; 66.7% have their first choice
Hidden       1 listener whose owner may not be read

SERVICES
  SERVICE  PORT  SOURCE         STATE        HELD BY
  db       5432  preferred      running      = shop-db-1 (docker)
  web      3000  preferred      squatted     ≠ node 4121 shop@fix-login
  worker   5174  fallback 5173  not running  nobody

CONFLICTS
  CONFLICT  SERVICE  PORT  WHAT IS WRONG
  squatted  web      3000  node 4121 of shop@fix-login has 3000

WHY NOT THE FIRST CHOICE
  worker has 5174: 5173 assigned to blog/web

OTHER LISTENERS
  PORT  ADDRESS    PROCESS    PROJECT  VIA     UP
  5175  127.0.0.1  node 5120  shop     claude  3m

ENVIRONMENT VARIABLES
  VARIABLE     PORT  SERVICE
  DB_PORT      5432  db
  WEB_PORT     3000  web
  WORKER_PORT  5174  worker

NOTICES
  containers unknown

held by: = its own server, ~ presumably its own, ? not verified, ≠ somebody else's"""


def test_the_text_report():
    assert report_text(squatted(), redaction=ANN) == TEXT


def test_a_store_that_is_away_is_said_with_its_age():
    away = replace(squatted(), stale_since=NOW - 125)
    assert "revision 7, stale, as of 2m ago\n" in report_text(away, redaction=ANN)
    assert "stale, as of 2m ago" in report_markdown(away)
    assert status_json(away)["store"]["stale_since"] == "2025-03-04T10:59:57Z"


def test_the_text_report_over_all():
    text = report_text(squatted(), Scope(), ANN)
    assert "portdash report: all workspaces" in text
    assert "Workspace    shop@fix-login  ~/src/shop-fix\n" in text
    assert re.search(r"^  shop@fix-login/web +3002  preferred +misplaced +runs on 3000: node 4121$", text, re.MULTILINE)
    assert re.search(r"^  squatted +shop/web +3000  node 4121 of ", text, re.MULTILINE)
    assert re.search(r"^  misplaced +shop@fix-login/web  3002  -$", text, re.MULTILINE)
    assert re.search(r"^  5353/udp  0\.0\.0\.0    owner hidden \(avahi\)  -        -       -$", text, re.MULTILINE)


def test_the_text_report_of_one_service():
    text = report_text(squatted(), Scope(service=key_of("worker")), ANN)
    assert text.startswith("portdash report: shop/worker\n")
    assert "Services     1: 1 not running\n" in text
    assert "web" not in text.replace("blog/web", "")
    assert "OTHER LISTENERS" not in text


def test_an_empty_report_says_so():
    text = report_text(snapshot_of())
    assert "Services     0: none\n" in text
    assert "SERVICES\n  No service is known.\n" in text
    assert "CONFLICTS" not in text


def test_no_conflicts_are_said_to_be_none():
    assert "CONFLICTS\n  None.\n" in report_text(snapshot_of(view_of(assignment("web", 3000))))


def test_a_vanished_workspace_is_said():
    text = report_text(replace(squatted(), vanished=frozenset({FIX.name})), Scope())
    assert "/home/ann/src/shop-fix, directory gone\n" in text


@pytest.mark.parametrize("report_format", list(ReportFormat))
@pytest.mark.parametrize("scope", [Scope(), Scope(workspace="shop"), Scope(service=key_of("web"))])
def test_no_report_has_arguments_or_the_home(report_format: ReportFormat, scope: Scope):
    report = render(squatted(), scope, report_format, ANN)
    for private in ("s3cr3t", "server.js", "/home/ann"):
        assert private not in report
    assert not report.endswith("\n")


@pytest.mark.parametrize("report_format", [ReportFormat.TEXT, ReportFormat.MARKDOWN, ReportFormat.JSON])
def test_redaction_can_be_switched_off(report_format: ReportFormat):
    report = render(squatted(), Scope(workspace="shop"), report_format, Redaction("/home/ann", enabled=False))
    assert "/home/ann/src/shop" in report or report_format is ReportFormat.JSON
    assert "/home/ann/.local/state" in report


def test_the_json_report():
    document = json.loads(render(squatted(), Scope(workspace="shop"), ReportFormat.JSON, ANN))
    assert list(document) == [
        "schema_version",
        "environment",
        "workspace",
        "store",
        "summary",
        "services",
        "conflicts",
        "taken_at",
        "scope",
        "listeners",
        "variables",
        "notices",
        "history",
    ]
    assert document["store"]["url"] == "sqlite:///~/.local/state/portdash/portdash.db"
    assert [each["port"] for each in document["listeners"]] == [5175]
    assert document["listeners"][0]["cwd"] == "~/src/shop"
    assert document["variables"][1] == {"name": "WEB_PORT", "port": 3000, "service": "web"}
    assert all(each["command"] is None for each in document["listeners"])


def test_the_markdown_report():
    report = report_markdown(squatted(), redaction=ANN)
    assert report.startswith("# portdash report: shop\n\n- **Taken**: 2025-03-04T11:02:02Z\n")
    assert "| service | port | source | state | held by |\n| --- | --- | --- | --- | --- |\n" in report
    assert "| WEB\\_PORT | 3000 | web |" in report
    assert "| squatted | web | 3000 | node 4121 of shop@fix-login has 3000 |\n" in report


def rendered(markdown: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)


def texts(tokens: list[Token]) -> list[str]:
    """Return what a reader sees of each block; fails on anything that is not plain text within it."""
    inline = [token for token in tokens if token.type == "inline"]
    for token in inline:
        assert {child.type for child in token.children or ()} <= {"text"}, token.content
    return ["".join(child.content for child in token.children or ()) for token in inline]


hostile = st.one_of(
    st.text(min_size=1, max_size=40),
    st.text("|`*_<>[]()!\\~#$&;\n\r\x1b\u202e -=a", min_size=1, max_size=40),
    st.sampled_from(["a|b", "`x`", "<script>", "![x](http://h)", "\\|", "&lt;", "~~x~~", "[a]: b", "\n\n# x", "__a__"]),
)


@given(st.lists(hostile, min_size=2, max_size=4))
def test_a_table_shows_every_cell_as_it_stands(names: list[str]):
    cells = tuple(clean(name) for name in names)
    tokens = rendered("\n".join(table(("h",) * len(cells), (cells,))))
    assert texts(tokens) == ["h"] * len(cells) + [cell.strip() for cell in cells]
    assert sum(token.type == "td_open" for token in tokens) == len(cells)


@given(hostile)
def test_a_line_shows_foreign_text_as_it_stands(name: str):
    text = clean(name)
    assert texts(rendered(f"- web {escape(text)}")) == [f"web {text}".rstrip()]


@settings(deadline=None)
@given(hostile)
def test_a_hostile_process_cannot_change_the_reports(name: str):
    report = report_markdown(_with_process(name))
    assert all(line.isprintable() for line in report.split("\n"))
    tokens = rendered(report)
    assert sum(token.type == "heading_open" for token in tokens) == 7
    assert sum(token.type == "table_open" for token in tokens) == 4
    assert not any(token.type in ("html_block", "fence", "code_block") for token in tokens)
    assert all(line.isprintable() for line in report_text(_with_process(name)).split("\n"))


def _with_process(name: str) -> Snapshot:
    """Return the world with one more listener of that name, in a project called so too."""
    loose = node(6000, 6000, project=SHOP)
    project = replace(loose.project, name=name, repository=None)
    seen = SeenListener(replace(loose, owner=replace(loose.owner, name=name), via=name, project=project))
    snapshot = squatted()
    return replace(snapshot, listeners=(*snapshot.listeners, seen))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0s"),
        (0, "0s"),
        (12.9, "12s"),
        (59, "59s"),
        (60, "1m"),
        (180, "3m"),
        (3599, "59m"),
        (3600, "1h"),
        (2 * 3600 + 14 * 60, "2h14"),
        (86399, "23h"),
        (86400, "1d"),
        (86400 + 3 * 3600, "1d3h"),
        (2 * 86400 + 7200, "2d2h"),
        (2 * 86400 + 50400, "2d"),
        (1e8, "3y"),
        (9 * 86400, "9d"),
    ],
)
def test_ages(seconds: float, shown: str):
    assert age(seconds) == shown


def test_every_verdict_has_a_phrase():
    for verdict in Verdict:
        phrase = reason_phrase(Reason(3000, verdict, "node 4121"))
        assert phrase
        assert "{" not in phrase


def test_ages_are_relative_to_the_snapshot():
    later = replace(squatted(), taken_at=NOW + 3600)
    assert re.search(r"claude  1h03$", report_text(later), re.MULTILINE)


def test_states():
    row = assignment("web", 3000)
    assert state_word(view_of(row, status=Status.STOPPED)) == "not running"
    assert state_word(view_of(row, status=Status.CONNECTED)) == "connected"
    hung = view_of(row, status=Status.RUNNING, health=Health(state=HealthState.HUNG))
    assert state_word(hung) == "hung"
    unplaced = ServiceView(key=row.key, spec=row.spec, assignment=None, status=Status.STOPPED)
    assert state_word(unplaced) == "no port yet"
    assert "  web      -     -       no port yet\n" in report_text(snapshot_of(unplaced))


def test_health_has_its_lines():
    health = Health(state=HealthState.UNHEALTHY, latency_ms=12.4, detail="status 503")
    text = report_text(snapshot_of(view_of(assignment("web", 3000), status=Status.RUNNING, health=health)))
    assert "HEALTH\n  web unhealthy 12ms: status 503\n" in text


def test_udp_is_said():
    row = assignment("dns", 5300)
    row = replace(row, key=replace(row.key, protocol=IpProtocol.UDP))
    assert "  dns      5300/udp  preferred" in report_text(snapshot_of(view_of(row)))


def test_sequential_ports_give_reasons_only_where_something_was_refused():
    taken = (Reason(4000, Verdict.LISTENING, "node 1"), Reason(4001, Verdict.CHOSEN))
    rows = (
        assignment("a", 4001, Source.SEQUENTIAL, attempts=2, reasons=taken),
        assignment("b", 4002, Source.SEQUENTIAL, reasons=(Reason(4002, Verdict.CHOSEN),)),
        assignment("c", 4003, Source.FALLBACK),
    )
    text = report_text(snapshot_of(*map(view_of, rows)))
    section = text.split("WHY NOT THE FIRST CHOICE\n")[1].split("\n\n")[0]
    assert section == "  a has 4001: 4000 held by node 1\n  c has 4003: why was not recorded"


def test_a_trail_tells_neighbours_of_one_end_together():
    node, other = "node 4121", "node 7"
    reasons = [
        Reason(None, Verdict.NOT_A_PORT),
        *(Reason(port, Verdict.LISTENING, node) for port in (3000, 3001, 3002)),
        Reason(3003, Verdict.LISTENING, other),
        Reason(3005, Verdict.LISTENING, other),
        Reason(3006, Verdict.CHOSEN),
    ]
    assert list(trail(reasons)) == [
        "no port: not a port",
        "3000-3002: held by node 4121",
        "3003: held by node 7",
        "3005: held by node 7",
        "3006: chosen",
    ]
    assert list(trail([])) == []


def test_a_port_that_is_the_base_is_not_called_preferred():
    row = assignment("api", 8000)
    based = replace(row, spec=replace(row.spec, preferred=(), base=8000))
    assert source_phrase(row) == "preferred"
    assert source_phrase(based) == "base"
    assert source_phrase(replace(based, spec=replace(based.spec, preferred=(8000,)))) == "preferred"
    assert source_phrase(replace(based, port=8001, source=Source.FALLBACK)) == "fallback 8000"
