"""Two checkouts and their committed files under random edits and changes: whatever happens, both sides agree after."""

import json
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from store_world import HOST, batch, claim, key, projected, remove, row
from test_store_differential import at_length

from portdash.model.assignment import Assignment, Source
from portdash.model.workspace import Workspace
from portdash.store.projection.portmap import BadMap, format_map, parse_map
from portdash.store.projection.projected import ProjectedStore
from portdash.store.sqlite import SqliteStore

SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
CHECKOUTS = st.sampled_from(["shop", "clone"])
NAMES = st.sampled_from(["web", "api", "db", "mail"])
PORTS = st.integers(4000, 4006)


class TwoCheckouts(RuleBasedStateMachine):
    """Each has a file and a store of its own around one authority."""

    @initialize()
    def begin(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        self.stores = {name: self.open(name) for name in ("shop", "clone")}

    def open(self, name: str) -> ProjectedStore:
        authority = SqliteStore(self.directory / "state" / "portdash.db", host=HOST)
        (self.directory / name).mkdir(exist_ok=True)
        workspace = Workspace(name=name, root=str(self.directory / name))
        return projected(authority, self.file(name), self.directory / "state", workspace=workspace)

    def file(self, name: str) -> Path:
        return self.directory / name / "ports.json"

    def rows(self, name: str) -> dict[str, Assignment]:
        state = self.stores[name].snapshot()
        return {each.name: each for each in state.assignments.values() if each.key.workspace == name}

    @rule(where=CHECKOUTS, values=st.dictionaries(NAMES, PORTS, max_size=4))
    def edit(self, where: str, values: dict[str, int]) -> None:
        self.file(where).write_bytes(format_map(values))
        before = self.stores[where].authority.snapshot().revision
        found = self.rows(where)
        if len(set(values.values())) < len(values):
            assert self.stores[where].snapshot().notices
            assert json.loads(self.file(where).read_bytes()) == values
        else:
            assert found.keys() == values.keys()
            assert all(port in (found[name].port, found[name].home) for name, port in values.items())
            assert json.loads(self.file(where).read_bytes()) == values
            assert self.stores[where].snapshot().revision <= before + 1

    @rule(where=CHECKOUTS, name=NAMES, port=PORTS)
    def assign(self, where: str, name: str, port: int) -> None:
        before = self.stores[where].snapshot().assignments.get(key(name, workspace=where))
        expected = before.revision if before else None
        options = [row(name, each, of=key(name, workspace=where)) for each in (port, 4100, 4101, 4102)]
        if not self.is_bad(where):
            self.stores[where].apply(batch(claim(*options, expected=expected)))

    @rule(where=CHECKOUTS, name=NAMES)
    def release(self, where: str, name: str) -> None:
        found = self.rows(where).get(name)
        if found and not self.is_bad(where):
            self.stores[where].apply(batch(remove(found)))
            file = self.file(where)
            assert not file.exists() or name not in json.loads(file.read_bytes())

    @rule(where=CHECKOUTS)
    def pull(self, where: str) -> None:
        other = self.file("clone" if where == "shop" else "shop")
        if other.exists():
            self.file(where).write_bytes(other.read_bytes())

    @rule(where=CHECKOUTS)
    def lose_the_file(self, where: str) -> None:
        before = self.rows(where)
        self.file(where).unlink(missing_ok=True)
        assert self.rows(where) == before

    @rule(where=CHECKOUTS)
    def reopen(self, where: str) -> None:
        self.stores[where].close()
        self.stores[where] = self.open(where)

    def is_bad(self, where: str) -> bool:
        try:
            values = [entry.port for entry in parse_map(self.file(where).read_bytes())]
        except (FileNotFoundError, BadMap):
            return False
        return len(set(values)) < len(values)

    @invariant()
    def both_sides_agree_and_stay_so(self) -> None:
        for name in self.stores:
            rows, file = self.rows(name), self.file(name)
            before = file.read_bytes() if file.exists() else None
            revision = self.stores[name].snapshot().revision
            if before is not None and not self.is_bad(name):
                shown = json.loads(before)
                assert shown.keys() == rows.keys()
                assert all(port in (rows[each].port, rows[each].home) for each, port in shown.items())
                assert len(set(shown.values())) == len(shown)
            self.reopen(name)
            assert self.rows(name) == rows
            assert self.stores[name].snapshot().revision == revision
            assert (file.read_bytes() if file.exists() else None) == before
            assert [each.name for each in file.parent.iterdir()] in ([], ["ports.json"])

    @invariant()
    def no_two_have_one_port(self) -> None:
        state = self.stores["shop"].authority.snapshot()
        owned = [each.port for each in state.assignments.values() if each.source is not Source.INHERITED]
        assert all(count == 1 for count in Counter(owned).values())

    def teardown(self) -> None:
        if hasattr(self, "directory"):
            for store in self.stores.values():
                store.close()
            shutil.rmtree(self.directory)


class TestTwoCheckouts(TwoCheckouts.TestCase):  # type: ignore[misc, name-defined]
    settings = at_length(15, 20, derandomize=True)


@pytest.mark.faults
class TestTwoCheckoutsAtLength(TwoCheckouts.TestCase):  # type: ignore[misc, name-defined]
    settings = at_length(150 * SCALE, 40, derandomize=False)
