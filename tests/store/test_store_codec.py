"""Records as JSON and back, for anything they can hold; and nothing else is read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_world import HOST, key, row

from portdash.model.assignment import Assignment, Lease, Match, Reason, ServiceSpec, Source, Verdict
from portdash.model.history import Change, Event, EventKind, Operation
from portdash.model.kept import PlanRecord, PlanState
from portdash.model.names import check_service
from portdash.model.ports import IpProtocol, PortRange
from portdash.model.workspace import Workspace
from portdash.store import codec, history, kept, records
from portdash.store.fields import Fields, Undecodable, dumps

PORTS = st.integers(1, 65535)
TEXT = st.text(max_size=20)  # lone surrogates and controls too: purposes and paths are anybody's
WORDS = st.none() | TEXT
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,20}(@[2-9])?", fullmatch=True)
RANGES = st.builds(lambda a, b: PortRange(min(a, b), max(a, b)), PORTS, PORTS)
PROTOCOLS = st.sampled_from(list(IpProtocol))
TIMES = st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.integers(-(2**63), 2**63)

specs = st.builds(
    ServiceSpec,
    name=NAMES,
    type=WORDS,
    purpose=TEXT,
    protocol=PROTOCOLS,
    preferred=st.lists(PORTS, max_size=3).map(tuple),
    base=st.none() | PORTS,
    range=st.none() | RANGES,
    exclude=st.frozensets(PORTS, max_size=3),
    env=WORDS,
    inherit_from=WORDS,
    conflicts_with=st.lists(TEXT, max_size=3).map(tuple),
    priority=st.none() | st.integers(1, 9),
    pin=st.booleans(),
    match=st.none() | st.builds(Match, process=WORDS, command=WORDS, directory=WORDS),
)
reasons = st.builds(Reason, st.none() | st.integers(), st.sampled_from(list(Verdict)), WORDS)
rows = st.builds(
    lambda spec, **rest: Assignment(key=key(spec.name, protocol=spec.protocol), spec=spec, **rest),
    specs,
    port=PORTS,
    source=st.sampled_from(list(Source)),
    attempts=st.integers(0, 99),
    reasons=st.lists(reasons, max_size=3).map(tuple),
    home=st.none() | PORTS,
    assigned_at=TIMES,
    actor=TEXT,
    revision=st.integers(0, 2**40),
)
changes = st.builds(Change, st.none() | rows, rows) | st.builds(Change, rows, st.none())


def again(body: dict[str, object]) -> Fields:
    text = dumps(body)
    assert text.isascii()
    return Fields.parse(text)


@given(rows)
def test_an_assignment_comes_back_as_it_was(found: Assignment):
    read = codec.assignment_from(
        found.key, found.port, found.source, found.revision, again(codec.assignment_body(found))
    )
    assert read == found
    assert read.revision == found.revision


@given(st.lists(changes, max_size=2), TEXT, TIMES)
def test_an_operation_comes_back_as_it_was(found: list[Change], text: str, at: float):
    operation = Operation(id="x", title=text, workspace="shop", actor=text, at=at, revision=3, changes=tuple(found))
    body = again(history.operation_body(operation))
    assert history.operation_from(identity="x", revision=3, workspace="shop", undone=False, body=body) == operation


@given(st.sampled_from(list(EventKind)), TEXT, TIMES, st.none() | PORTS, st.none() | PORTS)
def test_an_event_comes_back_as_it_was(kind: EventKind, text: str, at: float, before: int | None, after: int | None):
    event = Event(
        kind=kind, at=at, workspace=text, service=text, actor=text, reason=text, from_port=before, to_port=after
    )
    assert history.event_from(0, again(history.event_body(event))) == event


@given(TEXT, WORDS, WHOLE, st.lists(st.tuples(PROTOCOLS, PORTS), max_size=3).map(tuple))
def test_the_small_records_come_back_as_they_were(
    text: str, word: str | None, number: int, reserved: tuple[tuple[IpProtocol, int], ...]
):
    lease = Lease(key=key("web"), pid=number, started=number, boot_id=text, token=text)
    assert records.lease_from(key("web"), again(records.lease_body(lease))) == lease
    workspace = Workspace(name="shop~1a2b", root=word, repository=word, worktree=word)
    assert records.workspace_from(again(records.workspace_body(workspace))) == workspace
    plan = PlanRecord(
        id="p",
        host=HOST,
        workspace=text,
        title=text,
        state=PlanState.APPLYING,
        pid=number,
        started=number,
        boot_id=text,
        reserved=reserved,
    )
    assert kept.plan_from("p", HOST, again(kept.plan_body(plan))) == plan


@pytest.mark.parametrize(
    "change",
    [
        {"spec": None},
        {"spec": []},
        {"spec": {"name": "../x"}},
        {"spec": {"name": "web", "colour": 1}},
        {"spec": {"name": "web", "preferred": [0]}},
        {"spec": {"name": "web", "preferred": [True]}},
        {"spec": {"name": "web", "preferred": [3000.0]}},
        {"spec": {"name": "web", "preferred": "3000"}},
        {"spec": {"name": "web", "range": [4000]}},
        {"spec": {"name": "web", "range": [4000, 3000]}},
        {"spec": {"name": "web", "pin": 1}},
        {"spec": {"name": "web", "protocol": "sctp"}},
        {"spec": {"name": "web", "match": {"user": "root"}}},
        {"attempts": True},
        {"attempts": 1.5},
        {"home": 70000},
        {"at": "now"},
        {"at": None},
        {"at": float("nan")},
        {"at": 10**400},
        {"actor": None},
        {"reasons": [[1, 2]]},
        {"reasons": [[4000, "liked", None]]},
        {"reasons": {}},
        {"extra": 1},
    ],
)
def test_what_is_off_is_not_read(change: dict[str, object]):
    body = codec.assignment_body(row("web", 4000)) | change
    fields = Fields.parse(json.dumps(body))
    with pytest.raises(Undecodable):
        codec.assignment_from(key("web"), 4000, Source.PREFERRED, 1, fields)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "[" * 100_000, "\x00", "{} ", " {}", "{}{}"])
def test_what_is_no_object_is_not_read(text: str):
    with pytest.raises(Undecodable):
        Fields.parse(text)


@pytest.mark.parametrize(
    "parts",
    [
        ["h", "u", "w", "e", "s"],
        ["h", "u", "w", "e", "s", "TCP"],
        ["h", "u", "w", "e", "S", "tcp"],
        ["h", "u", "w", "e", 1, "tcp"],
        ["h", "u", "../w", "e", "s", "tcp"],
        ["h", "u\x1b", "w", "e", "s", "tcp"],
        ["", "u", "w", "e", "s", "tcp"],
    ],
)
def test_a_key_that_is_none_is_not_read(parts: list[object]):
    with pytest.raises(Undecodable):
        codec.key_from(parts)


def test_the_name_of_a_service_is_one():
    assert check_service("web@2") == "web@2"
