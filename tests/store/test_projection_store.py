"""A store whose ports are committed: edits in both directions, local choices, and files that are no map."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from store_world import HOST, again, applied, batch, claim, filled, key, lease_of, plan, ports, projected, remove, row

from portdash.errors import StoreFileInvalid
from portdash.model.assignment import ServiceSpec, Source
from portdash.model.history import EventKind
from portdash.model.ports import IpProtocol
from portdash.model.state import StoreState
from portdash.model.storage import RecordPlan, TakeLease
from portdash.model.workspace import Workspace
from portdash.store.projection.projected import ProjectedStore
from portdash.store.sqlite import SqliteStore

Open = Callable[..., ProjectedStore]


@pytest.fixture
def opened(path: Path, committed: Path) -> Open:
    """Open the projected store anew, as another process would."""

    def make(file: Path = committed, *, read_only: bool = False, **said: object) -> ProjectedStore:
        return projected(
            SqliteStore(path, host=HOST, read_only=read_only), file, path.parent, read_only=read_only, **said
        )

    return make


def write(file: Path, **values: int) -> bytes:
    file.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")
    return file.read_bytes()


def read(file: Path) -> dict[str, int]:
    found = json.loads(file.read_bytes())
    assert isinstance(found, dict)
    return found


def inherited(name: str, parent: str, port: int) -> object:
    made = row(name, port, source=Source.INHERITED)
    return claim(replace(made, spec=replace(made.spec, inherit_from=parent)))


def test_an_empty_project_gets_no_file_and_no_state(opened: Open, committed: Path, path: Path):
    assert opened().snapshot() == StoreState()
    assert not committed.exists()
    assert not path.parent.exists()


def test_ports_are_committed_as_a_plain_sorted_map(opened: Open, committed: Path):
    store = opened()
    assert store.url == f"json:{committed}"
    filled(store, ["web", "Api"])
    assert committed.read_bytes() == b'{\n  "Api": 4001,\n  "web": 4000\n}\n'
    assert committed.stat().st_mode & 0o777 == 0o666 & ~_umask()
    applied(store, remove(store.snapshot().assignments[key("web")]))
    assert read(committed) == {"Api": 4001}
    applied(store, remove(store.snapshot().assignments[key("api")]))
    assert committed.read_bytes() == b"{}\n"


def test_of_two_protocols_the_one_that_is_left_is_committed(opened: Open, committed: Path):
    store = opened()
    udp = key("web", protocol=IpProtocol.UDP)
    applied(store, claim(row("web", 4001, of=udp)))
    applied(store, claim(row("web", 4000)))
    assert read(committed) == {"web": 4000}
    applied(store, remove(store.snapshot().assignments[key("web")]))
    assert set(opened().snapshot().assignments) == {udp}
    assert read(committed) == {"web": 4001}


def _umask() -> int:
    old = os.umask(0o022)
    os.umask(old)
    return old


def test_the_file_is_not_touched_while_nothing_changes(opened: Open, committed: Path):
    filled(opened(), ["web"])
    before = committed.stat()
    store = opened()
    applied(store, TakeLease(lease_of("web", "t")))
    applied(store, claim(row("web", 4000), expected=1))
    assert store.snapshot().revision == 3
    after = committed.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_other_workspaces_are_none_of_the_files_business(opened: Open, committed: Path):
    store = opened()
    applied(store, claim(row("web", 4000, of=key("web", workspace="blog"))))
    assert not committed.exists()
    filled(store, ["api"], first=4001)
    assert read(committed) == {"api": 4001}


def test_an_edit_is_one_batch_of_the_file(opened: Open, committed: Path):
    filled(opened(), ["web", "api", "db"])
    write(committed, web=4010, api=4001, cache=5000)
    store = opened()
    assert ports(store) == {"web": 4010, "api": 4001, "cache": 5000}
    assert store.snapshot().revision == 4
    assert store.snapshot().notices == ()
    (operation,) = store.operations("shop")
    assert (operation.actor, operation.title) == ("file", "take over port_assignments.json")
    kinds = {event.service: (event.kind, event.from_port, event.to_port) for event in store.events(limit=3)}
    assert kinds == {
        "web": (EventKind.MOVED, 4000, 4010),
        "db": (EventKind.RELEASED, 4002, None),
        "cache": (EventKind.ASSIGNED, None, 5000),
    }
    rows = store.snapshot().assignments
    assert rows[key("cache")].spec == ServiceSpec(name="cache", preferred=(5000,))
    assert rows[key("cache")].source is Source.PREFERRED
    assert rows[key("cache")].actor == "file"
    assert rows[key("web")].spec.purpose == "front end"


def test_an_edit_is_seen_by_an_open_store_and_wakes_whoever_watches(opened: Open, committed: Path):
    store = opened()
    filled(store, ["web"])
    assert store.watch(1, 0) == 1
    write(committed, web=4010)
    assert store.watch(1, 5) == 2
    assert ports(store) == {"web": 4010}


def test_two_services_may_swap_their_ports(opened: Open, committed: Path):
    filled(opened(), ["web", "api"])
    write(committed, web=4001, api=4000)
    assert ports(opened()) == {"web": 4001, "api": 4000}


def test_an_edit_is_written_back_as_it_is_always_written(opened: Open, committed: Path):
    filled(opened(), ["web", "api"])
    committed.write_text('{"web": 4010,\r\n\t"api":4001}')
    assert ports(opened()) == {"web": 4010, "api": 4001}
    assert committed.read_bytes() == b'{\n  "api": 4001,\n  "web": 4010\n}\n'


def test_names_stay_as_the_file_spells_them(opened: Open, committed: Path):
    filled(opened(), ["Web"])
    before = write(committed, WEB=4000)
    assert ports(opened()) == {"Web": 4000}
    assert committed.read_bytes() == before


def test_at_first_contact_the_file_counts_and_nothing_is_released(opened: Open, committed: Path, path: Path):
    authority = SqliteStore(path, host=HOST)
    filled(authority, ["web", "api"])
    write(committed, web=4005, db=4006)
    assert ports(opened()) == {"web": 4005, "api": 4001, "db": 4006}
    assert read(committed) == {"web": 4005, "api": 4001, "db": 4006}


def test_at_first_contact_a_service_in_the_way_goes_elsewhere(opened: Open, committed: Path, path: Path):
    filled(SqliteStore(path, host=HOST), ["web"])
    write(committed, api=4000)
    assert ports(opened()) == {"api": 4000, "web": 4001}
    assert read(committed) == {"api": 4000, "web": 4001}


def test_a_pinned_service_is_not_put_out(opened: Open, committed: Path, path: Path):
    made = row("web", 4000)
    applied(SqliteStore(path, host=HOST), claim(replace(made, spec=replace(made.spec, pin=True))))
    before = write(committed, api=4000)
    (notice,) = opened().snapshot().notices
    assert f"{committed}:2: 4000 is pinned to web" in notice
    assert committed.read_bytes() == before


def test_what_another_program_changed_in_the_authority_is_committed(opened: Open, committed: Path, path: Path):
    store = opened()
    filled(store, ["web"])
    filled(SqliteStore(path, host=HOST), ["api"], first=4001)
    assert ports(store) == {"web": 4000, "api": 4001}
    assert read(committed) == {"web": 4000, "api": 4001}


def test_an_undone_edit_is_undone_in_the_file(opened: Open, committed: Path):
    store = opened()
    filled(store, ["web"])
    write(committed, web=4010)
    found = store.snapshot().assignments[key("web")]
    applied(store, claim(row("web", 4000), expected=found.revision))
    assert read(committed) == {"web": 4000}


def test_a_change_meets_an_edit_made_in_between(opened: Open, committed: Path):
    store = opened()
    filled(store, ["web", "api"])
    write(committed, web=4010, api=4001)
    answer = store.apply(batch(claim(row("web", 4020), expected=1)))
    assert ports(store) == {"web": 4010, "api": 4001}
    assert not hasattr(answer, "operation")
    applied(store, claim(row("api", 4021), expected=2))
    assert read(committed) == {"web": 4010, "api": 4021}


class TestLocalChoices:
    """A committed port that is another workspace's on this machine."""

    @pytest.fixture
    def clone(self, opened: Open, committed: Path, home: Path) -> tuple[ProjectedStore, Path, bytes]:
        """A second checkout of the same project."""
        filled(opened(), ["web", "api"])
        file = home / "src" / "clone" / "port_assignments.json"
        file.parent.mkdir()
        before = file.write_bytes(committed.read_bytes()) and committed.read_bytes()
        return opened(file, workspace=Workspace(name="clone", root=str(file.parent))), file, before

    def test_a_clone_has_ports_of_its_own_and_the_same_file(self, clone: tuple[ProjectedStore, Path, bytes]):
        store, file, before = clone
        rows = {each.name: each for each in store.snapshot().assignments.values() if each.key.workspace == "clone"}
        assert {name: (each.port, each.home) for name, each in rows.items()} == {
            "api": (4002, 4001),
            "web": (4003, 4000),
        }
        assert file.read_bytes() == before
        (notice,) = store.snapshot().notices
        assert "web has 4003 (4000 is shop/web's)" in notice
        assert "api has 4002 (4001 is shop/api's)" in notice

    def test_nothing_more_happens_to_it(self, clone: tuple[ProjectedStore, Path, bytes]):
        store, file, before = clone
        state = store.snapshot()
        assert store.snapshot(state) is state
        applied(store, claim(row("db", 4100, of=key("db", workspace="clone"))))
        assert read(file) == {**json.loads(before), "db": 4100}

    def test_an_edit_to_a_free_port_is_followed(self, clone: tuple[ProjectedStore, Path, bytes]):
        store, file, _ = clone
        write(file, web=4000, api=4500)
        rows = {each.name: each.port for each in store.snapshot().assignments.values() if each.key.workspace == "clone"}
        assert rows == {"web": 4002, "api": 4500}
        assert read(file) == {"web": 4000, "api": 4500}

    def test_an_edit_to_another_port_of_theirs_keeps_the_local_one(self, clone: tuple[ProjectedStore, Path, bytes]):
        store, file, _ = clone
        write(file, web=4001, api=4000)
        rows = store.snapshot().assignments
        web = rows[key("web", workspace="clone")]
        assert (web.port, web.home) == (4003, 4001)
        assert read(file) == {"web": 4001, "api": 4000}

    def test_a_local_choice_makes_room_for_a_committed_one(self, clone: tuple[ProjectedStore, Path, bytes]):
        store, file, _ = clone
        write(file, web=4000, api=4001, db=4003)
        rows = {each.name: each for each in store.snapshot().assignments.values() if each.key.workspace == "clone"}
        assert rows["db"].port == 4003
        assert rows["web"].port not in (4000, 4001, 4002, 4003)
        assert rows["web"].home == 4000
        assert read(file) == {"web": 4000, "api": 4001, "db": 4003}

    def test_a_move_on_purpose_is_committed(self, clone: tuple[ProjectedStore, Path, bytes]):
        store, file, _ = clone
        found = store.snapshot().assignments[key("web", workspace="clone")]
        applied(store, claim(row("web", 4600, of=found.key), expected=found.revision))
        assert read(file) == {"web": 4600, "api": 4001}

    def test_a_port_that_is_free_again_is_returned_to(self, clone: tuple[ProjectedStore, Path, bytes]):
        store, file, before = clone
        theirs = store.snapshot().assignments[key("web")]
        applied(store.authority, remove(theirs))
        found = store.snapshot().assignments[key("web", workspace="clone")]
        applied(store, claim(replace(found, port=4000, home=None), expected=found.revision))
        assert file.read_bytes() == before
        assert "web" not in str(store.snapshot().notices)

    def test_without_any_port_the_line_stays_and_is_said(self, opened: Open, committed: Path, path: Path):
        applied(SqliteStore(path, host=HOST), claim(row("web", 4000, of=key("web", workspace="blog"))))
        before = write(committed, api=4000)
        store = opened(place=lambda _state, _wants, _taken: {})
        assert "api: the port in" in str(store.snapshot().notices)
        assert committed.read_bytes() == before
        assert [each.name for each in opened().snapshot().assignments.values()] == ["web", "api"]


class TestSharedPorts:
    """Services that inherit."""

    @pytest.fixture
    def store(self, opened: Open) -> ProjectedStore:
        store = opened()
        filled(store, ["web"])
        applied(store, inherited("admin", "web", 4000))  # type: ignore[arg-type]
        return store

    def test_both_lines_have_the_port(self, store: ProjectedStore, committed: Path):
        assert read(committed) == {"admin": 4000, "web": 4000}
        assert store.snapshot().notices == ()

    @pytest.mark.parametrize("admin", [4000, 4010])
    def test_the_child_moves_along(self, store: ProjectedStore, committed: Path, admin: int):
        write(committed, web=4010, admin=admin)
        assert ports(store) == {"web": 4010, "admin": 4010}
        assert read(committed) == {"web": 4010, "admin": 4010}
        assert store.operations("shop")[0].actor == "file"

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"web": 4000, "admin": 4010}, "admin shares the port of web, and 4010 is not 4000"),
            ({"admin": 4000}, "admin shares the port of web, which is not in the file"),
        ],
    )
    def test_a_child_cannot_go_alone(self, store: ProjectedStore, committed: Path, values: dict[str, int], said: str):
        before = write(committed, **values)
        assert f"{committed}:2: {said}" in store.snapshot().notices[0]
        assert ports(store) == {"web": 4000, "admin": 4000}
        assert committed.read_bytes() == before

    def test_both_can_be_taken_out(self, store: ProjectedStore, committed: Path):
        write(committed)
        assert ports(store) == {}

    def test_a_declared_child_is_new(self, opened: Open, committed: Path):
        write(committed, web=4000, admin=4000)
        declared = {"admin": ServiceSpec(name="admin", inherit_from="web", purpose="for us")}
        store = opened(declared=declared)
        rows = store.snapshot().assignments
        assert rows[key("admin")].source is Source.INHERITED
        assert rows[key("admin")].spec.purpose == "for us"
        assert ports(store) == {"web": 4000, "admin": 4000}

    def test_a_clone_shares_its_local_choice_and_the_file_stays(
        self, store: ProjectedStore, opened: Open, committed: Path, home: Path
    ):
        file = home / "src" / "clone" / "port_assignments.json"
        file.parent.mkdir()
        file.write_bytes(committed.read_bytes())
        there = Workspace(name="clone", root=str(file.parent))
        declared = {"admin": ServiceSpec(name="admin", inherit_from="web")}
        for _ in range(2):
            clone = opened(file, workspace=there, declared=declared)
            mine = {
                each.name: each.port for each in clone.snapshot().assignments.values() if each.key.workspace == "clone"
            }
            assert mine == {"web": 4001, "admin": 4001}
            assert file.read_bytes() == committed.read_bytes()
            assert clone.snapshot().revision == store.snapshot().revision == 3
            looked = opened(file, workspace=there, declared=declared, read_only=True).snapshot().notices
            assert "not applied" not in str(looked)


class TestNoMap:
    """While the file is no map, the rows hold, and nothing is written."""

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", ":1: it is empty"),
            (b'{"web": 4000, "web": 4001}', ":1: web stands there twice"),
            (b'{\n"web": 4001,\n"api": 4001}', ":3: api has 4001, and so has web in line 2"),
            (b'{\n"web": true}', ":2: the port of web is true"),
            (b"<<<<<<< HEAD\n{}\n", ":1: a merge is unfinished"),
            (b'{"a":' * 10_000, ":1: the port of a is nested"),
            (b"\0", ":1: a NUL byte"),
        ],
    )
    def test_it_is_said_and_left_alone(self, opened: Open, committed: Path, content: bytes, said: str):
        store = opened()
        filled(store, ["web"])
        committed.write_bytes(content)
        for each in (store, opened()):
            assert ports(each) == {"web": 4000}
            (notice,) = each.snapshot().notices
            assert f"{committed}{said}" in notice
            with pytest.raises(StoreFileInvalid) as caught:
                each.apply(batch(claim(row("api", 4001))))
            assert caught.value.exit_code == 5
            assert said in caught.value.message
        assert committed.read_bytes() == content
        assert store.snapshot().revision == 1

    def test_it_keeps_nobody_from_what_is_not_committed(self, opened: Open, committed: Path):
        store = opened()
        filled(store, ["web"])
        committed.write_bytes(b"[]")
        applied(store, TakeLease(lease_of("web", "t")), RecordPlan(plan("p", 5000)))
        applied(store, claim(row("web", 4100, of=key("web", workspace="blog"))))
        assert committed.read_bytes() == b"[]"

    def test_put_right_it_counts(self, opened: Open, committed: Path):
        store = opened()
        filled(store, ["web"])
        committed.write_bytes(b"{")
        assert store.snapshot().notices
        state = store.snapshot()
        assert store.snapshot(state) is state
        write(committed, web=4010)
        assert ports(store) == {"web": 4010}
        assert store.snapshot().notices == ()

    @pytest.mark.parametrize("kind", ["fifo", "directory", "loop", "large", "device", "below a file"])
    def test_what_is_no_ordinary_file_does_not_hang(self, opened: Open, committed: Path, kind: str):
        file = committed
        match kind:
            case "fifo":
                os.mkfifo(committed)
            case "directory":
                committed.mkdir()
            case "loop":
                committed.symlink_to(committed)
            case "device":
                committed.symlink_to("/dev/zero")
            case "below a file":
                committed.write_text("x")
                file = committed / "ports.json"
            case _:
                with committed.open("wb") as made:
                    made.truncate(100 << 20)  # sparse: reading it all would show
        store = opened(file)
        assert store.snapshot().assignments == {}
        assert str(file) in store.snapshot().notices[0]
        with pytest.raises(StoreFileInvalid):
            store.apply(batch(claim(row("web", 4000))))
        assert store.snapshot().revision == 0
        assert list(committed.parent.iterdir()) == [committed]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_a_file_that_may_not_be_read_is_said(self, opened: Open, committed: Path):
        write(committed, web=4000)
        committed.chmod(0)
        assert "cannot be read: Permission denied" in opened().snapshot().notices[0]


class TestLostStore:
    """An authority that was moved away, or restored: what is committed is brought back, not taken out of the file."""

    def test_ports_come_back_from_the_file(self, opened: Open, committed: Path, path: Path):
        filled(opened(), ["web", "api"])
        before = committed.read_bytes()
        path.rename(path.with_name("old"))
        others = SqliteStore(path, host=HOST)
        for turn in range(5):
            applied(others, claim(row(f"s{turn}", 5000 + turn, of=key(f"s{turn}", workspace="blog"))))
        store = opened()
        assert {each.name for each in store.snapshot().assignments.values() if each.key.workspace == "shop"} == {
            "web",
            "api",
        }
        assert committed.read_bytes() == before

    def test_an_older_copy_follows_the_file(self, opened: Open, committed: Path, path: Path):
        filled(opened(), ["web"])
        copy = path.read_bytes()
        store = opened()
        applied(store, claim(row("web", 4010), expected=1), claim(row("api", 4011)))
        path.write_bytes(copy)
        assert ports(opened()) == {"web": 4010, "api": 4011}
        assert read(committed) == {"web": 4010, "api": 4011}

    def test_what_was_released_elsewhere_stays_released(self, opened: Open, committed: Path):
        store = opened()
        filled(store, ["web", "api"])
        applied(store.authority, remove(store.snapshot().assignments[key("web")]))
        assert ports(opened()) == {"api": 4001}
        assert read(committed) == {"api": 4001}


class TestMissing:
    """A file that is gone, as on a branch that does not have it."""

    def test_releases_nothing_and_is_said(self, opened: Open, committed: Path):
        store = opened()
        filled(store, ["web"])
        committed.unlink()
        for each in (store, opened()):
            assert ports(each) == {"web": 4000}
            assert each.snapshot().notices == (f"{committed} is not there; the next change of a port writes it",)
        assert not committed.exists()

    def test_comes_back_as_it_was(self, opened: Open, committed: Path):
        store = opened()
        filled(store, ["web"])
        before = committed.read_bytes()
        committed.unlink()
        assert ports(store) == {"web": 4000}
        committed.write_bytes(before)
        assert ports(store) == {"web": 4000}
        assert store.snapshot().notices == ()

    def test_is_written_by_the_next_change(self, opened: Open, committed: Path):
        store = opened()
        filled(store, ["web"])
        committed.unlink()
        filled(store, ["api"], first=4001)
        assert read(committed) == {"web": 4000, "api": 4001}

    def test_written_anew_by_hand_it_counts(self, opened: Open, committed: Path):
        store = opened()
        filled(store, ["web"])
        committed.unlink()
        applied(store, remove(store.snapshot().assignments[key("web")]))
        assert not committed.exists()
        write(committed, web=4000)
        assert ports(store) == {"web": 4000}

    def test_is_made_for_rows_that_were_there_before(self, opened: Open, committed: Path, path: Path):
        filled(SqliteStore(path, host=HOST), ["web"])
        opened().snapshot()
        assert read(committed) == {"web": 4000}

    def test_is_made_with_its_directory(self, opened: Open, committed: Path):
        file = committed.parent / "config" / "port_assignments.json"
        filled(opened(file), ["web"])
        assert read(file) == {"web": 4000}


class TestOwner:
    """A file stands for one workspace in one environment."""

    def test_another_workspace_is_told_to_name_another(self, opened: Open, committed: Path):
        filled(opened(), ["web"])
        before = committed.read_bytes()
        other = opened(workspace=Workspace(name="blog", root="/src/blog"))
        assert ports(other) == {"web": 4000}
        assert f"{committed}: it holds the ports of shop (development)" in other.snapshot().notices[0]
        with pytest.raises(StoreFileInvalid) as caught:
            other.apply(batch(claim(row("front", 4100, of=key("front", workspace="blog")))))
        assert "for blog (development)" in caught.value.hint
        assert committed.read_bytes() == before

    def test_a_file_whose_workspace_is_gone_can_be_taken_over(self, opened: Open, committed: Path):
        store = opened()
        filled(store, ["web"])
        write(committed, web=4000, api=4001)
        applied(store.authority, remove(store.authority.snapshot().assignments[key("web")]))
        other = opened(workspace=Workspace(name="blog", root="/src/blog"))
        assert {(each.key.workspace, each.name, each.port) for each in other.snapshot().assignments.values()} == {
            ("blog", "web", 4000),
            ("blog", "api", 4001),
        }


class TestReadOnly:
    """Nothing is written, whatever the file says."""

    def test_edits_are_said_and_not_applied(self, opened: Open, committed: Path, path: Path):
        filled(opened(), ["web"])
        before = write(committed, web=4010)
        files = {each: each.stat().st_mtime_ns for each in path.parent.rglob("*") if each.is_file()}
        store = opened(read_only=True)
        assert ports(store) == {"web": 4000}
        assert store.snapshot().notices == (f"what was edited in {committed} is not applied: nothing may be written",)
        assert committed.read_bytes() == before
        assert {each: each.stat().st_mtime_ns for each in path.parent.rglob("*") if each.is_file()} == files
        assert again(path).revision == 1

    def test_no_file_is_made(self, opened: Open, committed: Path, path: Path):
        filled(SqliteStore(path, host=HOST), ["web"])
        assert ports(opened(read_only=True)) == {"web": 4000}
        assert not committed.exists()
