"""What every store promises about requests to supervisors, and a store of the format that had none."""

import sqlite3 as sql
from dataclasses import replace
from pathlib import Path

import pytest
from redis_server import RedisServer
from store_world import HOST, applied, asked, batch, filled, key, lease_of, plan, ports, rejected, remove

from portdash.errors import InvalidName, InvalidPort, UsageError
from portdash.model.kept import PlanState
from portdash.model.requests import RequestKind, request_id
from portdash.model.storage import Answer, Ask, DropLease, RecordPlan, Store, TakeLease
from portdash.store.asked import request_body, request_from
from portdash.store.backup import copies
from portdash.store.fields import Fields, Undecodable, dumps
from portdash.store.opening import open_store
from portdash.store.repair import repair
from portdash.store.sqlite import SqliteStore


@pytest.fixture
def run(store: Store) -> Store:
    """A store with a service that somebody runs."""
    filled(store, ["web", "api"])
    applied(store, TakeLease(replace(lease_of("web", "t"), supervised=True)))
    return store


def test_a_lease_says_who_can_be_asked(run: Store):
    assert run.snapshot().leases[key("web")].supervised
    applied(run, TakeLease(lease_of("web", "t")))
    assert not run.snapshot().leases[key("web")].supervised


def test_a_request_waits_for_the_supervisor_and_keeps_its_answer(run: Store):
    move = replace(asked("r1", "web"), kind=RequestKind.MOVE, port=4010)
    applied(run, Ask(move))
    applied(run, Ask(asked("r0", "web")))
    assert run.snapshot().requests == (asked("r0", "web"), move)
    applied(run, Answer("r1", ok=False, text="it did not listen \x1f\n\udc80"))
    done = replace(move, ok=False, answer="it did not listen \x1f\n\udc80")
    assert run.snapshot().requests == (asked("r0", "web"), done)
    assert not done.is_open
    applied(run, Answer("r1", ok=True, text="too late"), Answer("nobody", ok=True, text="x"))
    assert run.snapshot().requests == (asked("r0", "web"), done)


def test_one_may_be_asked_and_answered_in_one_batch(run: Store):
    applied(run, Ask(asked("r", "web")), Answer("r", ok=True, text="done"), Answer("r", ok=False, text="again"))
    assert run.snapshot().requests == (replace(asked("r", "web"), ok=True, answer="done"),)


def test_only_the_supervisor_that_runs_can_be_asked(run: Store):
    assert "not run" in rejected(run, Ask(asked("r", "web", "another"))).detail
    assert "not run" in rejected(run, Ask(asked("r", "api"))).detail
    assert "not run" in rejected(run, DropLease(key("web"), "t"), Ask(asked("r", "web"))).detail
    applied(run, TakeLease(lease_of("api", "u")), Ask(asked("r", "api", "u")))
    assert [each.id for each in run.snapshot().requests] == ["r"]


def test_a_request_outlives_its_lease_and_its_service(run: Store):
    applied(run, Ask(asked("r", "web")))
    applied(run, Answer("r", ok=True, text="it ended"), DropLease(key("web"), "t"))
    applied(run, remove(run.snapshot().assignments[key("web")]))
    assert [each.answer for each in run.snapshot().requests] == ["it ended"]


def test_a_request_is_forgotten_some_time_after_its_deadline(run: Store):
    applied(run, Ask(asked("r", "web")), Ask(replace(asked("s", "web"), deadline=1100.0)))
    applied(run, at=1089.9)
    assert [each.id for each in run.snapshot().requests] == ["r", "s"]
    applied(run, Answer("r", ok=True, text="too late to matter"), at=1090.0)
    assert [each.id for each in run.snapshot().requests] == ["s"]
    applied(run, at=900.0)  # the clock was set back
    assert run.snapshot().requests == ()


def test_those_of_a_plan_at_work_are_kept_until_it_is_over(run: Store):
    move, stray = request_id("r", plan="p"), request_id("r", plan="other")
    applied(run, RecordPlan(plan("p", 3000)), Ask(asked(move, "web")), Ask(asked(stray, "web")))
    applied(run, at=5000.0)
    assert [each.id for each in run.snapshot().requests] == [move]
    applied(run, RecordPlan(plan("p", 3000, state=PlanState.APPLIED)), at=5000.0)
    applied(run, at=5000.0)
    assert run.snapshot().requests == ()


def test_asking_changes_no_row_and_is_not_undone(run: Store):
    before = run.operations("shop", limit=50)
    applied(run, Ask(asked("r", "web")))
    assert run.operations("shop", limit=50) == before
    assert len(run.events()) == 2


def test_a_request_asked_twice_under_its_batch_is_one(run: Store):
    first = batch(Ask(asked("r", "web")), id="once")
    answer = run.apply(first)
    applied(run, Answer("r", ok=True, text="done"))
    assert run.apply(first) == answer
    assert run.snapshot().requests[0].ok


@pytest.mark.parametrize(
    ("op", "error"),
    [
        (Ask(replace(asked("r", "web"), port=70000)), InvalidPort),
        (Ask(asked("", "web")), InvalidName),
        (Ask(replace(asked("r", "web"), key=replace(key("web"), service="WEB"))), InvalidName),
        (Answer("a\nb", ok=True, text=""), UsageError),
    ],
)
def test_what_could_not_be_read_again_is_not_written(run: Store, op: Ask | Answer, error: type[Exception]):
    with pytest.raises(error):
        run.apply(batch(op))
    assert run.snapshot().requests == ()


def test_a_body_that_was_meddled_with_is_damage():
    request = replace(asked("r", "web"), ok=False, answer="no")
    assert request_from("r", Fields.parse(dumps(request_body(request)))) == request
    for change in ({"ok": 1}, {"answer": 7}, {"kind": "kill"}, {"at": "x"}, {"key": ["a"]}, {"port": 0}, {"more": 1}):
        with pytest.raises(Undecodable):
            request_from("r", Fields({**request_body(request), **change}))


def first_format(path: Path) -> Path:
    """Make a file of the format that knew no requests."""
    connection = sql.connect(path)
    connection.execute("DROP TABLE request")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    return path


def test_a_file_of_the_first_format_is_brought_up_and_a_copy_kept(sqlite: SqliteStore, path: Path):
    filled(sqlite, ["web"])
    sqlite.close()
    first_format(path)
    store = SqliteStore(path, host=HOST)
    assert ports(store) == {"web": 4000}
    assert copies(path) == (path.with_name("portdash.db.bak-v1"),)
    applied(store, TakeLease(lease_of("web", "t")), Ask(asked("r", "web")))
    assert [each.id for each in store.snapshot().requests] == ["r"]


@pytest.mark.parametrize("gone", [slice(0, 4096), slice(0, 100)])
def test_a_damaged_file_of_the_first_format_is_repaired(sqlite: SqliteStore, path: Path, gone: slice):
    filled(sqlite, ["web", "api"])
    sqlite.close()
    data = bytearray(first_format(path).read_bytes())
    data[gone] = bytes(gone.stop - gone.start)
    path.write_bytes(data)
    done = repair(path, actor="cli")
    assert done is not None
    assert (done.lost, done.cut) == ({}, ())
    assert ports(SqliteStore(path, host=HOST)) == {"web": 4000, "api": 4001}


@pytest.mark.needs_redis
def test_a_server_of_the_first_format_is_read_and_brought_up_by_a_change(own_redis: RedisServer, home: Path):
    store = open_store(own_redis.url, host=HOST, state_dir=home)
    filled(store, ["web"])
    store.close()
    first_format(next(home.glob("*.db")))
    with own_redis.client() as client:
        meta = "portdash:{portdash}:meta"
        sizes = client.hget(meta, "sizes").decode().split()
        client.hset(meta, mapping={"format": "1", "sizes": " ".join((*sizes[:6], *sizes[7:]))})
        later = open_store(own_redis.url, host=HOST, state_dir=home)
        assert ports(later) == {"web": 4000}
        assert client.hget(meta, "format") == b"1"
        applied(later, TakeLease(lease_of("web", "t")), Ask(asked("r", "web")))
        assert client.hget(meta, "format") == b"2"
    own_redis.kill()
    mirrored = open_store(own_redis.url, host=HOST, state_dir=home).snapshot()
    assert mirrored.stale_since is not None
    assert [each.id for each in mirrored.requests] == ["r"]
    assert not mirrored.notices[1:]


@pytest.mark.needs_redis
def test_a_mirror_of_the_first_format_is_shown_while_the_server_is_away(own_redis: RedisServer, home: Path):
    store = open_store(own_redis.url, host=HOST, state_dir=home)
    filled(store, ["web"])
    store.close()
    first_format(next(home.glob("*.db")))
    own_redis.kill()
    assert ports(open_store(own_redis.url, host=HOST, state_dir=home)) == {"web": 4000}
