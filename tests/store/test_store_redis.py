"""What only the store on a server has: one script a change, leases with an end, reading what changed, a mirror."""

import gc
import os
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from redis_server import RedisServer
from store_world import HOST, applied, batch, claim, filled, key, lease_of, plan, ports, remove, row

from portdash.errors import StoreReadOnly, StoreUnavailable
from portdash.model.storage import Applied, DropLease, RecordPlan, RecordWorkspace, RemoteStore, TakeLease
from portdash.model.workspace import Workspace
from portdash.store.opening import open_store
from portdash.store.redis.address import parse_address
from portdash.store.sqlite import SqliteStore

pytestmark = pytest.mark.needs_redis


def opened(server: RedisServer, home: Path, *, host: str = HOST, read_only: bool = False) -> RemoteStore:
    store = open_store(server.url, host=host, state_dir=home / "state", read_only=read_only)
    assert hasattr(store, "heartbeat")
    return store  # type: ignore[return-value]


@pytest.fixture
def store(redis_server: RedisServer, home: Path) -> RemoteStore:
    return opened(redis_server, home)


def calls(server: RedisServer, command: str) -> int:
    with server.client() as client:
        return client.info("commandstats").get(f"cmdstat_{command}", {}).get("calls", 0)


def test_a_change_is_one_script_call(store: RemoteStore, redis_server: RedisServer):
    filled(store, ["web"])
    scripts, texts = calls(redis_server, "evalsha"), calls(redis_server, "eval")
    applied(store, *(claim(row(name, 4000 + each)) for each in range(20) for name in [f"s{each}"] if each))
    assert (calls(redis_server, "evalsha"), calls(redis_server, "eval")) == (scripts + 1, texts)
    assert calls(redis_server, "watch") == calls(redis_server, "multi") == 0


def test_a_server_that_has_forgotten_the_scripts_is_told_them(store: RemoteStore, redis_server: RedisServer):
    filled(store, ["web"])
    with redis_server.client() as client:
        client.script_flush()
    assert ports(store) == {"web": 4000}
    filled(store, ["api"], first=4001)
    assert ports(store) == {"web": 4000, "api": 4001}


def test_all_keys_have_one_hash_tag_and_only_leases_end(store: RemoteStore, redis_server: RedisServer):
    filled(store, ["web", "api"])
    applied(
        store,
        TakeLease(lease_of("web", "t")),
        RecordWorkspace(HOST, Workspace(name="shop", root="/src/shop")),
        RecordPlan(plan("p", 3000)),
        remove(store.snapshot().assignments[key("api")]),
    )
    with redis_server.client() as client:
        ends = {name: client.pttl(name) for name in client.keys("*")}
    assert len(ends) == 12
    for name, end in ends.items():
        assert name.startswith(b"portdash:{portdash}:")
        assert (end > 0) == name.startswith(b"portdash:{portdash}:lease:"), name


def test_a_lease_is_over_unless_it_is_renewed_and_the_assignment_stays(store: RemoteStore, redis_server: RedisServer):
    filled(store, ["web"])
    lease = lease_of("web", "t")
    applied(store, TakeLease(lease))
    with redis_server.client() as client:
        (name,) = client.keys("*:lease:*")
        assert 0 < client.pttl(name) <= 30_000
        client.pexpire(name, 5_000)
        assert store.heartbeat(lease)
        assert 20_000 < client.pttl(name) <= 30_000
        assert not store.heartbeat(lease_of("web", "another"))
        before = store.snapshot()
        client.pexpire(name, 0)  # as if its time were over
    assert not store.heartbeat(lease)
    after = store.snapshot(before)
    assert (after.revision, after.leases) == (before.revision, {})
    assert ports(store) == {"web": 4000}
    applied(store, TakeLease(lease))
    assert store.snapshot().leases == {key("web"): lease}


def is_renewed(redis_server: RedisServer) -> bool:
    """Shorten the only lease there is, and say whether somebody lengthens it again before it ends."""
    with redis_server.client() as client:
        (name,) = client.keys("*:lease:*")
        client.pexpire(name, 5_000)
        deadline = time.monotonic() + 10
        while 0 < client.pttl(name) <= 5_000 and time.monotonic() < deadline:
            os.sched_yield()
        return client.pttl(name) > 5_000


def test_a_lease_lives_as_long_as_the_store_that_took_it(redis_server: RedisServer):
    from portdash.store.redis.store import RedisStore  # noqa: PLC0415  it needs the extra

    store = RedisStore(parse_address(redis_server.url), host=HOST, lease_seconds=6)
    filled(store, ["web", "api", "db"])
    applied(store, *(TakeLease(lease_of(name, "t")) for name in ("web", "api", "db")))
    applied(store, DropLease(key("api"), "t"), remove(store.snapshot().assignments[key("db")]))
    other = open_store(redis_server.url, host=HOST)
    assert is_renewed(redis_server)
    assert list(store.snapshot().leases) == [key("web")]
    store.close()
    with redis_server.client() as client:
        client.pexpire(client.keys("*:lease:*")[0], 1)
    deadline = time.monotonic() + 10
    while other.snapshot().leases and time.monotonic() < deadline:
        other.watch(5, 0.05)
    assert other.snapshot().leases == {}
    assert set(ports(other)) == {"web", "api"}


def test_a_lease_outlives_the_store_object_that_took_it_and_a_store_without_one_does_not(redis_server: RedisServer):
    from portdash.store.redis.store import RedisStore  # noqa: PLC0415  it needs the extra

    kept: list[weakref.ref[RedisStore]] = []

    def take() -> None:
        store = RedisStore(parse_address(redis_server.url), host=HOST, lease_seconds=6)
        filled(store, ["web"])
        applied(store, TakeLease(lease_of("web", "t")))
        kept.append(weakref.ref(store))

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    gc.collect()
    other = open_store(redis_server.url, host=HOST)
    assert is_renewed(redis_server)
    assert list(other.snapshot().leases) == [key("web")]
    applied(other, DropLease(key("web"), "t"))
    deadline = time.monotonic() + 10
    while kept[0]() is not None and time.monotonic() < deadline:
        other.watch(other.snapshot().revision, 0.1)
        gc.collect()
    assert kept[0]() is None


def test_only_what_changed_is_read(store: RemoteStore, redis_server: RedisServer):
    filled(store, ["a", "b"])
    before = store.snapshot()
    other = open_store(redis_server.url, host=HOST)
    filled(other, ["c", "d"], first=5000)
    after = store.snapshot(before)
    assert ports(store) == {"a": 4000, "b": 4001, "c": 5000, "d": 5001}
    assert after.assignments[key("a")] is before.assignments[key("a")]  # from the log, not read again
    for turn in range(101):
        applied(other, claim(row("e", 6000 + turn), expected=turn + 4 if turn else None))
    far = store.snapshot()
    assert far.assignments[key("e")].port == 6100
    assert far.assignments[key("a")] is not before.assignments[key("a")]
    assert far == other.snapshot()


def test_machines_have_ports_and_workspaces_of_their_own(redis_server: RedisServer, home: Path):
    one, two = opened(redis_server, home), opened(redis_server, home / "two", host="another")
    applied(one, claim(row("web", 4000)), RecordWorkspace(HOST, Workspace(name="shop", root="/a")))
    applied(
        two,
        claim(row("web", 4000, of=key("web", host="another"))),
        RecordWorkspace("another", Workspace(name="shop", root="/b")),
    )
    assert [each.root for each in one.snapshot().workspaces] == ["/a"]
    assert [each.root for each in two.snapshot().workspaces] == ["/b"]
    assert one.snapshot().assignments == two.snapshot().assignments
    assert len(one.snapshot().assignments) == 2


def test_a_change_made_elsewhere_wakes_who_watches(store: RemoteStore, redis_server: RedisServer, home: Path):
    filled(store, ["web"])
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(store.watch(1, 60)))
    thread.start()
    filled(opened(redis_server, home / "two"), ["api"], first=4001)
    thread.join(30)
    assert seen == [2]


def test_who_may_not_publish_or_ask_for_settings_can_use_the_store(redis_server: RedisServer, home: Path):
    with redis_server.client() as client:
        rules = "on >pass ~portdash:{portdash}:* resetchannels +@all -config -publish -subscribe"
        client.execute_command("ACL", "SETUSER", "ann", *rules.split())
        client.config_set("maxmemory-policy", "allkeys-lru")
    store = open_store(redis_server.url.replace("://", "://ann:pass@"), host=HOST, state_dir=home)
    filled(store, ["web"])
    assert store.snapshot().notices == ()
    assert store.watch(1, 0.01) == 1


def test_read_only_changes_nothing_anywhere(store: RemoteStore, redis_server: RedisServer, home: Path):
    filled(store, ["web"])
    reader = opened(redis_server, home / "reader", read_only=True)
    assert ports(reader) == {"web": 4000}
    with pytest.raises(StoreReadOnly):
        reader.apply(batch(claim(row("api", 4001))))
    assert not (home / "reader" / "state").exists()


def mirror_of(home: Path) -> Path:
    (found,) = (home / "state").glob("mirror-*.db")
    return found


def test_the_mirror_is_a_store_of_the_same_form(store: RemoteStore, home: Path):
    filled(store, ["web", "api"])
    applied(
        store,
        TakeLease(lease_of("web", "t")),
        RecordWorkspace(HOST, Workspace(name="shop", root="/src/shop")),
        RecordPlan(plan("p", 3000)),
        remove(store.snapshot().assignments[key("api")]),
    )
    mirror = SqliteStore(mirror_of(home), host=HOST, read_only=True)
    assert mirror.snapshot() == store.snapshot()
    mirror.close()
    assert mirror_of(home).stat().st_mode & 0o077 == 0


def test_a_server_that_is_away_leaves_the_mirror_to_read(own_redis: RedisServer, home: Path):
    store = opened(own_redis, home)
    filled(store, ["web"])
    current = store.snapshot()
    own_redis.kill()
    for reader in (store, opened(own_redis, home), opened(own_redis, home, read_only=True)):
        stale = reader.snapshot()
        assert stale.assignments == current.assignments
        assert stale.revision == 1
        assert stale.stale_since is not None
        assert "cannot be reached" in stale.notices[-1]
        assert reader.snapshot(stale) is stale
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        store.apply(batch(claim(row("api", 4001))))
    assert store.watch(1, 0.01) == 1
    own_redis.start()
    filled(store, ["api"], first=4001)
    assert store.snapshot().stale_since is None
    assert ports(store) == {"web": 4000, "api": 4001}


def test_without_a_mirror_a_server_that_is_away_is_an_error(own_redis: RedisServer, home: Path):
    own_redis.kill()
    for store in (opened(own_redis, home), open_store(own_redis.url, host=HOST)):
        with pytest.raises(StoreUnavailable, match="Connection refused"):
            store.snapshot()
        with pytest.raises(StoreUnavailable):
            store.watch(0, 5)
        with pytest.raises(StoreUnavailable):
            store.events()
    assert not (home / "state").exists()


def test_a_mirror_that_is_damaged_is_none_and_is_made_anew(own_redis: RedisServer, home: Path):
    filled(opened(own_redis, home), ["web"])
    path = mirror_of(home)
    path.write_bytes(path.read_bytes()[:5000])
    filled(opened(own_redis, home), ["api"], first=4001)
    own_redis.kill()
    assert ports(opened(own_redis, home)) == {"web": 4000, "api": 4001}
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreUnavailable):
        opened(own_redis, home).snapshot()


def test_a_mirror_that_was_removed_is_made_again(
    redis_server: RedisServer, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("portdash.store.redis.mirror._CONTACT_EVERY", 0.0)
    store = opened(redis_server, home)
    filled(store, ["web"])
    for each in (home / "state").iterdir():
        each.unlink()
    store.snapshot()
    store.snapshot()
    assert store.snapshot().notices == ()
    assert mirror_of(home).exists()


def test_a_mirror_that_cannot_be_written_is_a_notice(redis_server: RedisServer, home: Path):
    (home / "state").write_text("not a directory")
    store = opened(redis_server, home)
    filled(store, ["web"])
    (notice,) = store.snapshot().notices
    assert "cannot be kept" in notice
    assert ports(store) == {"web": 4000}


def test_a_later_mirror_is_not_written_over_by_who_is_behind(redis_server: RedisServer, home: Path):
    ahead, behind = opened(redis_server, home), opened(redis_server, home)
    filled(ahead, ["web"])
    behind.snapshot()
    filled(ahead, ["api"], first=4001)
    late = behind._view  # type: ignore[attr-defined]
    late.take(late.known)  # what it read a moment ago, only now written down
    mirror = SqliteStore(mirror_of(home), host=HOST, read_only=True)
    assert ports(mirror) == {"web": 4000, "api": 4001}
    mirror.close()


def test_a_forked_child_has_a_connection_of_its_own(store: RemoteStore, forked: Callable[[Callable[[], bool]], int]):
    filled(store, ["web"])

    def claim_and_look() -> bool:
        store.apply(batch(claim(row("api", 4001)), id="the child's"))
        return ports(store) == {"web": 4000, "api": 4001}

    assert forked(claim_and_look) == 0
    filled(store, ["db"], first=4002)
    assert len(ports(store)) == 3


def test_a_batch_is_remembered_after_a_thousand_others_and_no_longer(redis_server: RedisServer):
    store = open_store(redis_server.url, host=HOST)
    first = batch(claim(row("web", 4000)), id="first")
    store.apply(first)
    for turn in range(999):
        assert isinstance(store.apply(batch(id=f"filler-{turn}")), Applied)
    assert store.snapshot().revision == 1000
    assert isinstance(store.apply(first), Applied)
    applied(store)
    assert not isinstance(store.apply(first), Applied)  # the row is there, and the batch is news again
