from dataclasses import replace

import pytest
from report_world import assignment, key_of, snapshot_of, squatted, view_of

from portdash.model.assignment import Assignment, Source
from portdash.model.snapshot import Snapshot
from portdash.report.scope import Scope
from portdash.report.summary import report_summary

# The example of the system this format comes from, byte for byte; but for its third row, which lost one of the
# spaces that pad a name to 20 there.
ORIGINAL = (
    b"\xf0\x9f\x93\x8a PORT ALLOCATION SUMMARY:\n"
    b"==================================================\n"
    b"web-server           | Port: 5000  | \xe2\x9c\x85 PREFERRED | Attempts: 1\n"
    b"api-server           | Port: 3001  | \xe2\x9a\xa0\xef\xb8\x8f  FALLBACK | Attempts: 2\n"
    b"vite-hmr             | Port: 24678 | \xe2\x9c\x85 PREFERRED | Attempts: 1\n"
    b"==================================================\n"
    b"\xf0\x9f\x93\x88 Statistics:\n"
    b"   \xe2\x80\xa2 Total services: 3\n"
    b"   \xe2\x80\xa2 Preferred ports: 2  \n"
    b"   \xe2\x80\xa2 Fallback ports: 1\n"
    b"   \xe2\x80\xa2 Total attempts: 4\n"
    b"   \xe2\x80\xa2 Success rate: 66.7%"
)


def of(*rows: Assignment) -> Snapshot:
    """Return a snapshot with its services by name, as the observer orders them."""
    return snapshot_of(*map(view_of, sorted(rows, key=lambda row: row.key)))


def test_the_block_is_the_original_one_byte_for_byte():
    snapshot = of(
        assignment("web-server", 5000, assigned_at=1.0),
        assignment("api-server", 3001, Source.FALLBACK, attempts=2, assigned_at=2.0),
        assignment("vite-hmr", 24678, assigned_at=3.0),
    )
    assert report_summary(snapshot).encode() == ORIGINAL


@pytest.mark.parametrize(
    ("source", "label"),
    [
        (Source.INHERITED, "🔗 INHERITED"),
        (Source.DETECTED, "🔍 DETECTED"),
        (Source.SEQUENTIAL, "🔢 SEQUENTIAL"),
        (Source.OVERRIDE, "📌 OVERRIDE"),
    ],
)
def test_other_sources_have_a_label_and_a_count_of_their_own(source: Source, label: str):
    lines = report_summary(of(assignment("api", 4000, source))).splitlines()
    assert lines[2] == f"api                  | Port: 4000  | {label} | Attempts: 1"
    assert f"   • {source.value.capitalize()} ports: 1" in lines


def test_every_source_has_a_label():
    assert report_summary(of(*(assignment(source.value, 4000 + n, source) for n, source in enumerate(Source))))


def test_counts_add_up_to_the_total():
    rows = [assignment(f"s{n}", 4000 + n, source) for n, source in enumerate((*Source, Source.FALLBACK))]
    lines = report_summary(of(*rows)).splitlines()
    counts = [int(line.split(": ")[1]) for line in lines if " ports: " in line]
    assert sum(counts) == len(rows) == 7


def test_no_service_is_no_division_by_zero():
    lines = report_summary(snapshot_of()).splitlines()
    assert "   • Total services: 0" in lines
    assert lines[-1] == "   • Success rate: 0.0%"


def test_a_long_name_is_not_cut():
    name = "a-service-with-a-name-of-more-than-twenty"
    assert f"\n{name} | Port: 4000  | " in report_summary(of(assignment(name, 4000)))


def test_a_service_without_a_port_has_no_row():
    view = replace(view_of(assignment("web", 3000)), assignment=None)
    assert "Total services: 0" in report_summary(snapshot_of(view))


def test_over_all_workspaces_names_are_qualified():
    block = report_summary(squatted(), Scope())
    assert "\nshop/web             | Port: 3000  | " in block
    assert "\nshop@fix-login/web   | Port: 3002  | " in block


def test_one_service_alone():
    assert "Total services: 1" in report_summary(squatted(), Scope(service=key_of("worker")))


def test_a_hostile_name_stays_on_its_line():
    row = assignment("web", 3000)
    row = replace(row, spec=replace(row.spec, name="web\x1b]0;x\x07\n| Port: 1"))
    block = report_summary(of(row))
    assert "\x1b" not in block
    assert len(block.splitlines()) == 10
