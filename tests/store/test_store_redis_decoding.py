"""Whatever a server answers is either what was written, or damage: nothing else comes out of the decoder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_world import HOST, batch, claim, key, lease_of, plan, remove, row

from portdash.model.history import Event, EventKind
from portdash.model.state import StoreState
from portdash.model.storage import RecordEvent, RecordPlan, RecordWorkspace, TakeLease
from portdash.model.workspace import Workspace
from portdash.store.fields import Undecodable
from portdash.store.redis.decoding import SEP, Known, decode_event, decode_operation, decode_state
from portdash.store.redis.encoding import encode
from portdash.store.redis.scripts import Keys, script
from portdash.store.tables import Version

WORDS = st.binary(max_size=12) | st.sampled_from(
    [b"same", b"log", b"full", b"forked", b"[]", b'["h","tcp",1]', SEP.encode() * 5, b"1" + SEP.encode() + b"{}"]
)
ANSWERS = st.recursive(st.none() | st.integers() | WORDS, lambda inner: st.lists(inner, max_size=8), max_leaves=20)
NOTHING = Known.of(Version(), StoreState(), {})


@given(ANSWERS)
def test_any_answer_is_a_state_or_damage(answer: object):
    try:
        found = decode_state(answer, NOTHING, HOST)
    except ValueError:  # Undecodable, or a list of another length
        return
    assert found.known.state.revision == found.known.version.revision


@given(
    st.sampled_from([b"same", b"log", b"full", b"forked"]),
    st.integers(-2, 3),
    WORDS,
    st.lists(st.lists(WORDS, max_size=4), min_size=6, max_size=6),
)
def test_an_answer_of_the_right_form_is_a_state_or_damage(
    way: bytes, revision: int, operation: bytes, lists: list[list[bytes]]
):
    try:
        decode_state([way, revision, operation, *lists], NOTHING, HOST)
    except ValueError:
        return


@given(st.text(max_size=40), st.lists(st.text(max_size=8), max_size=7).map(SEP.join))
def test_any_record_is_what_was_written_or_damage(text: str, record: str):
    for each in (text, record):
        with pytest.raises(Undecodable):
            decode_operation(1, each)
        with pytest.raises(Undecodable):
            decode_event(each)


def test_an_answer_that_claims_to_be_the_same_must_be_the_same():
    with pytest.raises(ValueError, match="all its parts"):
        decode_state([b"same", 5, b"x", []], NOTHING, HOST)


def test_a_log_that_leads_elsewhere_is_damage():
    with pytest.raises(ValueError, match="does not lead"):
        decode_state([b"log", 2, b"x", [], [], [], [], [], []], NOTHING, HOST)


def test_a_batch_holds_no_separator_but_between_its_parts():
    odd = "\x1f\n\udc80"
    packed = encode(
        batch(
            claim(row("web", 4000), reason=odd),
            remove(row("api", 4001), odd),
            TakeLease(lease_of("web", odd)),
            RecordWorkspace(HOST, Workspace(name="shop", root=odd, repository=odd)),
            RecordPlan(plan("p", 3000, 3001)),
            RecordEvent(Event(kind=EventKind.CONFLICT, at=1.0, workspace=odd, service=odd, actor=odd, reason=odd)),
        ),
        lease_seconds=30,
    )
    assert b"\x1f" not in packed
    assert key("web").service.encode() in packed


def test_a_time_that_is_none_is_not_written():
    with pytest.raises(ValueError, match="JSON"):
        encode(batch(at=float("nan")), lease_seconds=30)


def test_the_keys_of_a_store_share_one_slot():
    keys = Keys("portdash").all()
    assert len(set(keys)) == len(keys)
    assert {each.partition("{")[2].partition("}")[0] for each in keys} == {"portdash"}


def test_every_script_begins_with_the_same_look():
    scripts = [script(name) for name in ("apply", "snapshot", "history", "heartbeat")]
    assert len({each.digest for each in scripts}) == 4
    assert all(each.text.startswith(scripts[0].text[:2000]) for each in scripts)
