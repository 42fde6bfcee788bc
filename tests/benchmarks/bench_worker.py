"""Programs that the store's benchmark runs as processes: `bench_worker.py PROGRAM FILE NUMBER COUNT`.

Each says `ready`, waits for a line, works, and answers with one JSON document: `got` (names and ports) and `waits` in
seconds.
"""

import fcntl
import json
import os
import sqlite3
import sys
import time
from pathlib import Path

from portdash.model.assignment import Assignment, ServiceKey, ServiceSpec, Source
from portdash.model.storage import Applied, Batch, Claim
from portdash.store.sqlite import SqliteStore

HOST = "0123456789abcdef0123456789abcdef"
PORTS = range(2000, 32000)
OPTIONS = 64


def rows(name: str, first: int) -> tuple[Assignment, ...]:
    """Return what a planner would offer: ports in order, of which rivals may have taken some by now."""
    key = ServiceKey(HOST, "dev", "shop", "development", name)
    spec = ServiceSpec(name=name, purpose="a benchmark's")
    ports = range(first, min(first + OPTIONS, PORTS.stop))
    return tuple(Assignment(key=key, spec=spec, port=port, source=Source.SEQUENTIAL) for port in ports)


def claims(path: str, number: str, count: str) -> object:
    """Look, choose and claim, again and again; every claim is durable before the next.

    To make the options costs a twelfth of it all: they are what a planner hands in.
    """
    store, got, waits = SqliteStore(Path(path), host=HOST), {}, []
    state, first = store.snapshot(), PORTS.start
    begin()
    for turn in range(int(count)):
        name = f"p{number}-{turn}"
        start = time.perf_counter()
        while True:
            state = store.snapshot(state)
            options = rows(name, first)
            batch = Batch(
                id=f"{name}-{state.revision}", title="claim", workspace="shop", actor="test", at=1000.0,
                ops=(Claim(options=options, expected=None, reason="a benchmark"),),
            )  # fmt: skip
            answer = store.apply(batch)
            if isinstance(answer, Applied):
                break
            first = options[-1].port  # all of them were taken meanwhile
        waits.append(time.perf_counter() - start)
        after = answer.operation.changes[0].after
        assert after is not None
        got[name] = after.port
        first = after.port  # ports below were taken a moment ago
    store.close()
    return {"got": got, "waits": waits}


def log(path: str, number: str, count: str) -> object:
    """Append a line under a lock and wait until it is on the disk: the floor of anything durable without a server."""
    waits = []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    begin()
    for turn in range(int(count)):
        start = time.perf_counter()
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, f"p{number}-{turn} {turn}\n".encode())
        os.fdatasync(descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        waits.append(time.perf_counter() - start)
    os.close(descriptor)
    return {"got": {}, "waits": waits}


def bare(path: str, number: str, count: str) -> object:
    """Insert one row a commit into one table under a lock: what SQLite itself costs at the same durability."""
    connection, waits = sqlite3.connect(path, isolation_level=None, timeout=60), []
    for setting in ("synchronous = EXTRA", "journal_mode = PERSIST"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("CREATE TABLE IF NOT EXISTS assignment (service TEXT PRIMARY KEY, port INTEGER UNIQUE)")
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    begin()
    for turn in range(int(count)):
        start = time.perf_counter()
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        connection.execute("BEGIN IMMEDIATE")
        values = (f"p{number}-{turn}", int(number) * 1000 + turn)
        connection.execute("INSERT INTO assignment VALUES (?, ?)", values)
        connection.execute("COMMIT")
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        waits.append(time.perf_counter() - start)
    connection.close()
    os.close(descriptor)
    return {"got": {}, "waits": waits}


def begin() -> None:
    """Wait until all others are ready, too."""
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()


if __name__ == "__main__":
    program, *arguments = sys.argv[1:]
    print(json.dumps({"bare": bare, "claims": claims, "log": log}[program](*arguments)))  # noqa: T201
