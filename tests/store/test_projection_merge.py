"""The laws of merging what a file says with what the rows say."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from portdash.store.projection.merge import Held, merge, project

NAMES = ("web", "api", "db")
PORTS = st.dictionaries(st.sampled_from(NAMES), st.integers(4000, 4005), max_size=3)
HELD = st.dictionaries(
    st.sampled_from(NAMES),
    st.builds(Held, port=st.integers(4000, 4005), home=st.none() | st.integers(4000, 4005)),
    max_size=3,
)


def rows_of(ports: dict[str, int]) -> dict[str, Held]:
    return {name: Held(port=port) for name, port in ports.items()}


def after(rows: dict[str, Held], file: dict[str, int], base: dict[str, int] | None) -> dict[str, Held]:
    """The rows with the edits applied, where every port can be had."""
    edits = merge(base, file, rows)
    kept = {name: row for name, row in rows.items() if name not in edits.releases}
    return {**kept, **{name: Held(port=port) for name, port in edits.claims.items()}}


@given(PORTS, PORTS)
def test_what_only_the_file_changed_wins(base: dict[str, int], file: dict[str, int]):
    rows = after(rows_of(base), file, base)
    assert {name: row.port for name, row in rows.items()} == file
    assert project(rows, file) == file


@given(PORTS, PORTS)
def test_what_only_the_rows_changed_wins(base: dict[str, int], ports: dict[str, int]):
    rows = rows_of(ports)
    assert not merge(base, base, rows)
    assert project(rows, base) == ports


@given(PORTS, PORTS, HELD)
def test_merging_twice_changes_nothing(base: dict[str, int], file: dict[str, int], held: dict[str, Held]):
    rows = after(held, file, base)
    written = project(rows, file)
    assert not merge(written, written, rows)
    assert project(rows, written) == written


@given(PORTS, PORTS, PORTS)
def test_where_both_changed_the_file_wins(base: dict[str, int], file: dict[str, int], ports: dict[str, int]):
    found = project(after(rows_of(ports), file, base), file)
    for name in NAMES:
        if file.get(name) != base.get(name):
            assert found.get(name) == file.get(name)
        else:
            assert found.get(name) == ports.get(name)


@given(PORTS, PORTS)
def test_the_first_contact_releases_nothing(file: dict[str, int], ports: dict[str, int]):
    found = project(after(rows_of(ports), file, None), file)
    assert found == {**ports, **file}


@given(PORTS, HELD)
def test_a_written_file_never_gives_one_port_to_two(file: dict[str, int], held: dict[str, Held]):
    ports = [row.port for row in held.values()]
    if len(set(ports)) == len(ports):
        shown = project(held, file)
        assert len(set(shown.values())) == len(shown)


def test_a_home_stays_in_the_file_and_the_local_choice_out_of_it():
    rows = {"web": Held(port=4010, home=4000), "admin": Held(port=4010, parent="web")}
    assert project(rows, {"web": 4000, "admin": 4000}) == {"web": 4000, "admin": 4000}
    assert project(rows, {"web": 4001}) == {"web": 4010, "admin": 4010}
    assert not merge({"web": 4000}, {"web": 4000}, rows)
    assert merge({"web": 4000}, {"web": 4001}, rows).claims == {"web": 4001}


def test_a_home_that_another_service_has_by_now_is_not_shown():
    rows = {"web": Held(port=4010, home=4000), "api": Held(port=4000)}
    assert project(rows, {"web": 4000, "api": 4001}) == {"web": 4010, "api": 4000}


def test_circles_of_shared_ports_end():
    for first, second in itertools.permutations(("a", "b")):
        rows = {first: Held(port=1, parent=second), second: Held(port=2, parent=first)}
        assert set(project(rows, {})) == {"a", "b"}
