"""A server that refuses, hangs, lies or has lost something: one clear error, and never an empty store."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis_server import DURABLE, RedisServer
from store_world import HOST, applied, batch, claim, filled, key, lease_of, plan, ports, remove, row

from portdash.errors import StoreDamaged, StoreError, StoreReadOnly, StoreTooNew, StoreUnavailable
from portdash.model.assignment import Source
from portdash.model.storage import Applied, RecordPlan, RecordWorkspace, Store, TakeLease
from portdash.model.workspace import Workspace
from portdash.store.opening import open_store
from portdash.store.redis.address import parse_address

pytestmark = pytest.mark.needs_redis

KEYS = ("meta", "row", "port", "lease", "workspace", "root", "quarantine", "plan", "operation", "seen", "event")


def opened(server: RedisServer, home: Path | None = None, *, read_only: bool = False, user: str = "") -> Store:
    url = server.url.replace("://", f"://{user}@") if user else server.url
    return open_store(url, host=HOST, state_dir=home, read_only=read_only)


@pytest.fixture
def full(redis_server: RedisServer) -> RedisServer:
    """A server with something under every key."""
    store = opened(redis_server)
    filled(store, ["web", "api", "db"])
    applied(
        store,
        RecordWorkspace(HOST, Workspace(name="shop", root="/src/shop")),
        TakeLease(lease_of("web", "t")),
        RecordPlan(plan("p", 3000)),
        remove(store.snapshot().assignments[key("db")]),
    )
    store.close()
    return redis_server


def contents(server: RedisServer) -> dict[bytes, bytes | None]:
    with server.client() as client:
        return {name: client.dump(name) for name in sorted(client.keys("*"))}


def is_refused(server: RedisServer, kind: type[StoreError] = StoreDamaged) -> None:
    """Assert that the store is neither read nor written."""
    before = contents(server)
    for act in (
        lambda store: store.snapshot(),
        lambda store: store.apply(batch(claim(row("new", 4100)))),
        lambda store: store.events(),
        lambda store: store.operations("shop"),
    ):
        with contextlib.closing(opened(server)) as store, pytest.raises(kind) as caught:
            act(store)
        assert caught.value.message.isprintable()
        assert caught.value.hint
    assert contents(server) == before


@pytest.mark.parametrize("name", KEYS)
def test_a_key_of_another_type_is_damage(full: RedisServer, name: str):
    with full.client() as client:
        client.delete(f"portdash:{{portdash}}:{name}")
        client.set(f"portdash:{{portdash}}:{name}", "alien")
    is_refused(full)


@pytest.mark.parametrize("name", [each for each in KEYS if each != "lease"])
def test_a_key_that_was_evicted_is_damage_and_no_empty_store(full: RedisServer, name: str):
    with full.client() as client:
        client.delete(f"portdash:{{portdash}}:{name}")
    is_refused(full)


@pytest.mark.parametrize("name", ["row", "port", "workspace", "root", "quarantine", "plan", "operation", "seen"])
def test_an_alien_field_is_damage(full: RedisServer, name: str):
    with full.client() as client:
        client.hset(f"portdash:{{portdash}}:{name}", "alien", "\x1b]0;x\x07")
    is_refused(full)


@pytest.mark.parametrize(
    "value",
    [b"", b"garbage", b"\xff\xfe", b"\x1f" * 8, b'["x"]\x1f4000\x1fpreferred\x1f1\x1fweb\x1f{}', b"x" * 100_000],
)
@pytest.mark.parametrize("name", ["row", "workspace", "quarantine", "plan"])
def test_a_record_that_was_written_over_is_damage(full: RedisServer, name: str, value: bytes):
    with full.client() as client:
        (field, *_) = client.hkeys(f"portdash:{{portdash}}:{name}")
        client.hset(f"portdash:{{portdash}}:{name}", field, value)
    with pytest.raises(StoreDamaged) as caught:
        opened(full).snapshot()
    assert caught.value.message.isprintable()


def test_a_row_that_claims_another_port_is_damage(full: RedisServer):
    with full.client() as client:
        (field, *_) = client.hkeys("portdash:{portdash}:row")
        record = client.hget("portdash:{portdash}:row", field)
        client.hset("portdash:{portdash}:row", field, record.replace(b"\x1f400", b"\x1f500"))
    with pytest.raises(StoreDamaged):
        opened(full).snapshot()


def test_a_lease_of_another_type_is_damage(full: RedisServer):
    with full.client() as client:
        (name,) = client.keys("*:lease:*")
        client.delete(name)
        client.sadd(name, "x")
    with pytest.raises(StoreDamaged):
        opened(full).snapshot()


@pytest.mark.parametrize("revision", ["", "-1", "1.5", "9" * 30, "x"])
def test_a_revision_that_is_no_number_is_damage(full: RedisServer, revision: str):
    with full.client() as client:
        client.hset("portdash:{portdash}:meta", "revision", revision)
    is_refused(full)
    with pytest.raises(StoreDamaged):
        opened(full).watch(1, 0)


def test_a_change_that_was_left_half_done_is_damage(full: RedisServer):
    with full.client() as client:
        client.hset("portdash:{portdash}:meta", "unfinished", "x")
    is_refused(full)


def test_what_a_newer_portdash_wrote_is_left_alone(full: RedisServer):
    with full.client() as client:
        client.hset("portdash:{portdash}:meta", "format", "3")
    is_refused(full, StoreTooNew)


def test_damage_is_said_though_there_is_a_mirror(full: RedisServer, home: Path):
    store = opened(full, home)
    store.snapshot()
    with full.client() as client:
        client.delete("portdash:{portdash}:row")
    with pytest.raises(StoreDamaged):
        store.snapshot()
    with pytest.raises(StoreDamaged):
        opened(full, home).snapshot()


def test_a_full_memory_changes_nothing(full: RedisServer):
    before = contents(full)
    with full.client() as client:
        client.config_set("maxmemory", 1)
    with pytest.raises(StoreReadOnly, match="no memory left"):
        opened(full).apply(batch(claim(row("new", 4100))))
    assert opened(full).snapshot().revision == 4
    assert contents(full) == before


def test_a_server_that_cannot_save_changes_nothing(own_redis: RedisServer):
    filled(opened(own_redis), ["web"])
    (own_redis.directory / "dump.rdb").mkdir()
    with own_redis.client() as client:
        client.config_set("save", "3600 1")
        client.bgsave()
        until = threading.Event()
        for _ in range(3000):
            if client.info("persistence")["rdb_last_bgsave_status"] == "err":
                break
            until.wait(0.02)
    before = contents(own_redis)
    with pytest.raises(StoreReadOnly, match="cannot save"):
        opened(own_redis).apply(batch(claim(row("new", 4100))))
    assert contents(own_redis) == before
    assert ports(opened(own_redis)) == {"web": 4000}


def test_a_replica_is_read_and_not_written(own_redis: RedisServer, tmp_path: Path, home: Path):
    filled(opened(own_redis), ["web"])
    with own_redis.client() as client:
        client.config_set("repl-diskless-sync-delay", 0)
    replica = RedisServer(tmp_path / "replica", *DURABLE, "--replicaof", "127.0.0.1", str(own_redis.port)).start()
    try:
        with own_redis.client() as client:
            client.execute_command("WAIT", 1, 60_000)
        store = opened(replica, home)
        for _ in range(3000):
            with contextlib.suppress(StoreUnavailable):
                if store.snapshot().revision == 1 and store.snapshot().stale_since is None:
                    break
            threading.Event().wait(0.02)
        assert ports(store) == {"web": 4000}
        with pytest.raises(StoreReadOnly, match="read-only replica"):
            store.apply(batch(claim(row("api", 4001))))
        assert ports(opened(own_redis)) == {"web": 4000}
    finally:
        replica.kill()


def test_a_wrong_password_is_said_and_no_password_is_repeated(own_redis: RedisServer, home: Path):
    with own_redis.client() as client:
        client.config_set("requirepass", "hunter2")
    assert opened(own_redis, home, user=":hunter2").snapshot().revision == 0
    filled(opened(own_redis, home, user=":hunter2"), ["web"])
    for user in ("", ":hunter3", "ann:hunter3"):
        store = opened(own_redis, user=user)
        assert "hunter" not in store.url
        for act in (store.snapshot, lambda store=store: store.apply(batch(claim(row("api", 4001))))):
            with pytest.raises(StoreUnavailable, match="refuses the user or the password") as caught:
                act()
            assert "hunter" not in str(caught.value) + caught.value.hint
    stale = opened(own_redis, home, user=":hunter3").snapshot()
    assert stale.stale_since is not None
    assert "hunter" not in "".join(stale.notices)


def test_a_user_who_may_too_little_is_told_so(redis_server: RedisServer):
    with redis_server.client() as client:
        client.execute_command("ACL", "SETUSER", "ann", "on", ">pass", "~other:*", "+@all")
    with pytest.raises(StoreUnavailable, match="forbids"):
        opened(redis_server, user="ann:pass").snapshot()


def test_a_server_that_hangs_is_not_waited_for_long_and_a_batch_has_one_effect(own_redis: RedisServer, home: Path):
    from portdash.store.redis.store import RedisStore  # noqa: PLC0415  it needs the extra

    address, late = parse_address(own_redis.url), batch(claim(row("api", 4001)), id="late")
    store = RedisStore(address, host=HOST, state_dir=home, patience=2.0)
    filled(store, ["web"])
    own_redis.pause()
    with pytest.raises(StoreUnavailable, match=r"does not answer within 2 s; the change may or may not be stored"):
        store.apply(late)
    stale = store.snapshot()
    assert stale.stale_since is not None
    assert "does not answer" in stale.notices[-1]
    own_redis.resume()
    answer = store.apply(late)
    assert isinstance(answer, Applied)
    assert answer.revision == 2
    assert store.snapshot().revision == 2
    assert len(store.events()) == 2


@contextlib.contextmanager
def answering(reply: bytes) -> Iterator[int]:
    """Listen on a port and give everybody the same answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.settimeout(5)
                        connection.recv(65536)
                        connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(30)


@pytest.mark.parametrize(
    "reply",
    [
        *(b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\xff\r\n", b"-ERR \x1b]0;x\x07\r\n", b"+OK\r\n"),
        *(b":1\r\n", b"$-1\r\n", b"*0\r\n", b"*1\r\n*0\r\n", b"*2\r\n*1\r\n$5\r\nstate\r\n*0\r\n", b"$5\r\n\xff\xff"),
        b"*2\r\n*1\r\n$5\r\nstate\r\n*4\r\n$4\r\nsame\r\n:99\r\n$1\r\nx\r\n*1\r\n$1\r\nx\r\n",
        b"*9999999\r\n",
    ],
)
def test_what_is_no_store_is_an_error_of_the_store(reply: bytes):
    with answering(reply) as port:
        store = open_store(f"redis://:hunter2@127.0.0.1:{port}/0", host=HOST)
        for act in (store.snapshot, lambda: store.apply(batch(claim(row("web", 4000)))), store.events):
            with pytest.raises(StoreError) as caught:
                act()
            assert caught.value.message.isprintable()
            assert "hunter2" not in caught.value.message + caught.value.hint
        store.close()


def asked(statistics: dict[str, dict[str, int]]) -> int:
    """Return how often somebody asked for settings."""
    return sum(each["calls"] for name, each in statistics.items() if name.startswith("cmdstat_config"))


def test_a_server_without_a_log_or_with_eviction_is_warned_of_once(tmp_path: Path):
    server = RedisServer(tmp_path / "redis", "--appendonly", "no", "--maxmemory-policy", "allkeys-lru").start()
    try:
        store = opened(server)
        first = store.snapshot()
        assert ["append-only" in each for each in first.notices] == [True, False]
        assert "allkeys-lru" in first.notices[1]
        with server.client() as client:
            before = asked(client.info("commandstats"))
            assert store.snapshot(first) is first
            assert asked(client.info("commandstats")) == before > 0
    finally:
        server.kill()


def test_one_node_of_a_cluster_will_do(tmp_path: Path):
    server = RedisServer(tmp_path / "redis", *DURABLE, "--cluster-enabled", "yes").start()
    try:
        with server.client() as client:
            store = opened(server)
            with pytest.raises(StoreUnavailable, match="cluster"):
                store.snapshot()
            client.execute_command("CLUSTER", "ADDSLOTS", *range(16384))
            for _ in range(3000):
                if b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO"):
                    break
                threading.Event().wait(0.02)
        filled(store, ["web"])
        applied(store, TakeLease(lease_of("web", "t")))
        assert ports(store) == {"web": 4000}
        assert store.snapshot().leases
    finally:
        server.kill()


def lose(server: RedisServer) -> None:
    """Take away what was changed last: the server comes back with nothing."""
    with server.client() as client:
        client.flushall()


def test_what_a_server_has_lost_of_ours_is_put_back(redis_server: RedisServer, home: Path):
    store = opened(redis_server, home)
    filled(store, ["web", "api"])
    applied(store, claim(row("admin", 4000, source=Source.INHERITED)))
    theirs = key("web", host="another")
    applied(store, claim(row("web", 4000, of=theirs)))
    lose(redis_server)
    for again in (store, opened(redis_server, home)):
        assert ports(again) == {"admin": 4000, "web": 4000, "api": 4001}
        assert theirs not in again.snapshot().assignments  # another machine's row: that machine knows better
    (notice,) = store.snapshot().notices
    assert notice == (
        "the store's server has lost changes: it knew revision 4, and came back with 0; 3 services put back"
    )
    assert [each.reason for each in store.events()] == ["the server had lost it"] * 3


def test_a_claim_never_gets_a_port_that_the_server_forgot_was_ours(redis_server: RedisServer, home: Path):
    filled(opened(redis_server, home), ["web"])
    lose(redis_server)
    answer = opened(redis_server, home).apply(batch(claim(row("api", 4000), row("api", 4001))))
    assert isinstance(answer, Applied)
    assert ports(opened(redis_server, home)) == {"web": 4000, "api": 4001}


def test_a_lost_change_of_a_row_is_made_again(redis_server: RedisServer, home: Path):
    store = opened(redis_server, home)
    filled(store, ["web"])
    with redis_server.client() as client:
        past = {name: client.dump(name) for name in client.keys("*")}
    applied(store, claim(row("web", 4005), expected=1))
    with redis_server.client() as client:
        client.flushall()
        for name, value in past.items():
            client.restore(name, 0, value)
    assert ports(store) == {"web": 4005}
    assert store.snapshot().revision == 2


def test_services_that_had_swapped_are_swapped_again(redis_server: RedisServer, home: Path):
    store = opened(redis_server, home)
    shop = Workspace(name="shop", root="/src/shop")
    filled(store, ["web", "api"])
    with redis_server.client() as client:
        past = {name: client.dump(name) for name in client.keys("*")}
    swap = (claim(row("web", 4001), expected=1), claim(row("api", 4000), expected=2))
    applied(store, *swap, RecordWorkspace(HOST, shop))
    with redis_server.client() as client:
        client.flushall()
        for name, value in past.items():
            client.restore(name, 0, value)
    assert ports(store) == {"web": 4001, "api": 4000}
    assert store.snapshot().workspaces == (shop,)
    assert "2 services put back" in store.snapshot().notices[0]


def test_a_port_that_another_got_meanwhile_is_told(redis_server: RedisServer, home: Path):
    filled(opened(redis_server, home), ["web", "api"])
    lose(redis_server)
    filled(opened(redis_server), ["rival"], first=4000)  # the same machine, without a mirror: it cannot know
    store = opened(redis_server, home)
    assert ports(store) == {"rival": 4000, "api": 4001}
    (notice,) = store.snapshot().notices
    assert "1 service put back; web cannot have 4000: it is the port of shop/rival" in notice


def test_whoever_may_change_nothing_only_tells_of_the_loss(redis_server: RedisServer, home: Path):
    filled(opened(redis_server, home), ["web"])
    lose(redis_server)
    reader = opened(redis_server, home, read_only=True)
    assert ports(reader) == {}
    assert "has lost changes" in reader.snapshot().notices[0]
    assert contents(redis_server) == {}
    assert ports(opened(redis_server, home)) == {"web": 4000}  # the mirror still knew


def test_a_loss_is_mended_once_by_whoever_comes_first(redis_server: RedisServer, home: Path):
    one, two = opened(redis_server, home), opened(redis_server, home)
    filled(one, ["web"])
    assert ports(two) == {"web": 4000}
    lose(redis_server)
    assert ports(one) == {"web": 4000}
    applied(one, claim(row("web", 4007), expected=one.snapshot().assignments[key("web")].revision))
    assert ports(two) == {"web": 4007}  # and not back to what it knew itself
    assert two.snapshot().revision == 2
