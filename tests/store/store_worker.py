"""Programs that tests run as processes: `store_worker.py PROGRAM ARGUMENTS`, answering with one JSON document."""

import contextlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from store_world import HOST, batch, claim, projected, remove, row

from portdash.errors import StoreError
from portdash.model.assignment import Assignment
from portdash.model.storage import Applied, Batch, Op, Store
from portdash.store.opening import open_store
from portdash.store.sqlite import PATIENCE, SqliteStore

PORTS = range(4000, 32000)


QUEUE = 60.0
"""Seconds that each of a crowd waits for its turn: they share the processors, with each other and whatever else runs,
and who is on one goes before who waits for one. Nobody who uses a store queues behind hundreds of changes."""


def _open(where: str, *, patience: float = PATIENCE) -> Store:
    """Open a store: a SQLite file by its path, a committed map by its own, a server by `redis://... DIRECTORY`.

    The directory is that of the mirror. Of a committed map the authority stands beside it.
    """
    url, _, directory = where.partition(" ")
    if directory:
        return open_store(url, host=HOST, state_dir=Path(directory))
    if not where.endswith(".json"):
        return SqliteStore(Path(where), host=HOST, patience=patience)
    state = Path(where).parent / "state"
    return projected(SqliteStore(state / "portdash.db", host=HOST), Path(where), state)


def _wanted(start: int) -> tuple[int, ...]:
    """Return the ports a claim may take, 64 of them; rivals are to meet on them."""
    return tuple(PORTS[(start + offset) % len(PORTS)] for offset in range(64))


def claims(path: str, number: str, count: str) -> object:
    """Claim `count` services when told to; return what was got and the longest wait in seconds."""
    store = _open(path, patience=QUEUE)
    got, waits = {}, []
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()  # all start at once, when the test says so
    for turn in range(int(count)):
        name = f"w{number}-{turn}"
        options = [row(name, port) for port in _wanted(turn * 32)]
        start = time.perf_counter()
        while True:
            answer = store.apply(batch(claim(*options), id=f"{name}-{len(waits)}"))
            if isinstance(answer, Applied):
                break
            options = [row(name, options[-1].port + 1 + offset) for offset in range(64)]
        waits.append(time.perf_counter() - start)
        after = answer.operation.changes[0].after
        assert after is not None
        got[name] = after.port
    store.close()
    return {"got": got, "waits": waits}


def _change_for_ever(path: str, name: str, start: int, pipe: int) -> None:
    """Claim, move and give back, and tell of each change before it and after it, as `store_kills.told` reads it."""
    store = _open(path)
    kept: Assignment | None = None
    kinds = ("claim", "give back", "claim", "move") if name.endswith("b") else ("claim", "move", "give back")
    for turn in range(10_000):
        found = kept or row(f"{name}-{turn}", PORTS[0])
        options = [row(found.name, port) for port in _wanted(start + turn * 2)]
        change: Op = claim(*options, expected=kept.revision if kept else None)
        if kinds[turn % len(kinds)] == "give back":
            change = remove(found)
        os.write(pipe, f"? {found.name}\n".encode())
        answer = store.apply(batch(change, id=f"{name}-{turn}"))
        assert isinstance(answer, Applied), answer.detail
        after = answer.operation.changes[0].after
        os.write(pipe, f"! {found.name} {after.port if after else '-'}\n".encode())
        kept = after if kinds[(turn + 1) % len(kinds)] != "claim" else None


def kills(path: str, rounds: str, seed: str) -> object:
    """Let two writers work and kill both at some instant, again and again; return all the lines that they told."""
    chance, lines = random.Random(int(seed)), list[str]()
    for number in range(int(rounds)):
        start, read_end, write_end = chance.randrange(len(PORTS)), *os.pipe()
        pids = []
        for writer in "ab":
            pid = os.fork()
            if pid == 0:
                os.close(read_end)
                status = 1
                with contextlib.suppress(StoreError):
                    _change_for_ever(path, f"r{number}{writer}", start, write_end)
                    status = 0
                os._exit(status)
            pids.append(pid)
        os.close(write_end)
        with os.fdopen(read_end, "rb", buffering=0) as acknowledgements:
            text = b""
            enough = chance.randrange(1, 5)
            while text.count(b"!") < enough:
                text += acknowledgements.read(4096) or sys.exit("a writer ended by itself")
            until = time.perf_counter() + chance.random() * 0.004
            while time.perf_counter() < until:
                pass  # the instant of the kill is anywhere in a write
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            text += b"".join(iter(lambda: acknowledgements.read(4096), b""))
        for pid in pids:
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
        lines += text.decode().splitlines()
    return lines


def endures(path: str, number: str, count: str) -> object:
    """Claim `count` services though the server is killed again and again, each under one id until it is answered."""
    store, got, errors = _open(path), {}, 0
    print("ready", flush=True)  # noqa: T201
    for turn in range(int(count)):
        name = f"w{number}-{turn}"
        wanted = batch(claim(*(row(name, port) for port in _wanted(turn * 32))), id=name)
        answer, tries = _insist(store, wanted)
        errors += tries - 1
        after = answer.operation.changes[0].after
        assert after is not None
        got[name] = after.port
    store.close()
    return {"got": got, "errors": errors}


def _insist(store: Store, wanted: Batch) -> tuple[Applied, int]:
    """Apply a batch whatever it takes, within a minute; return the answer and the number of tries."""
    deadline, tries = time.monotonic() + 60, 0
    while time.monotonic() < deadline:
        tries += 1
        with contextlib.suppress(StoreError):
            answer = store.apply(wanted)
            assert isinstance(answer, Applied), answer.detail
            return answer, tries
        time.sleep(0.005)  # a server that is started again needs the processor, too
    raise TimeoutError(wanted.id)


def fill(directory: str) -> object:
    """Claim until the disk is full, look, make room, and go on."""
    path = Path(directory) / "state" / "portdash.db"
    ballast = Path(directory) / "ballast"
    ballast.write_bytes(bytes(64 * 1024))
    store = SqliteStore(path, host=HOST)
    errors: list[str] = []
    got = {}
    for turn in range(5_000):
        name = f"s{turn}"
        try:
            answer = store.apply(batch(claim(row(name, 4000 + turn)), id=name))
        except StoreError as error:
            errors.append(f"{error.code}: {error.message}")
            if len(errors) == 3:
                break
            continue
        assert isinstance(answer, Applied)
        got[name] = 4000 + turn
    seen = {each.name: each.port for each in store.snapshot().assignments.values()}
    ballast.unlink()
    fresh = SqliteStore(path, host=HOST)
    after = fresh.apply(batch(claim(row("after", 3999))))
    kept = {each.name: each.port for each in fresh.snapshot().assignments.values()}
    return {
        "errors": errors,
        "lost": seen != got or kept != {**got, "after": 3999},
        "recovers": isinstance(after, Applied),
        "stored": len(got),
    }


def refused(directory: str) -> object:
    """Read and try to write where nothing can be written."""
    path = Path(directory) / "state" / "portdash.db"
    store = SqliteStore(path, host=HOST)
    names = [each.name for each in store.snapshot().assignments.values()]
    try:
        store.apply(batch(claim(row("more", 4100))))
    except StoreError as error:
        return {"names": names, "code": error.code, "message": error.message, "hint": error.hint}
    return {"names": names, "code": None}


def stumble(directory: str) -> object:
    """Read and write where any one call may fail; say what was read, and what was the matter."""
    store = SqliteStore(Path(directory) / "state" / "portdash.db", host=HOST)
    names, errors = None, []
    try:
        names = [each.name for each in store.snapshot().assignments.values()]
    except StoreError as error:
        errors.append(error)
    try:
        wrote = isinstance(store.apply(batch(claim(row("more", 4100)))), Applied)
    except StoreError as error:
        wrote = False
        errors.append(error)
    codes, said = [error.code for error in errors], [error.message for error in errors]
    return {"names": names, "wrote": wrote, "codes": codes, "said": said}


def seed(directory: str) -> object:
    """Make a store with one service."""
    store = SqliteStore(Path(directory) / "state" / "portdash.db", host=HOST)
    store.apply(batch(claim(row("web", 4000))))
    return {}


def commit(directory: str) -> object:
    """Change committed ports while the disk of the file is full, then make room."""
    file = Path(directory) / "disk" / "port_assignments.json"
    told: list[str] = []
    authority = SqliteStore(Path(directory) / "state" / "portdash.db", host=HOST)
    store = projected(authority, file, Path(directory) / "state", tell=told.append)
    store.apply(batch(claim(row("web", 4000))))
    before = file.read_bytes()
    ballast = file.with_name("ballast")
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as full:
        while True:
            full.write(bytes(512))
    answer = store.apply(batch(claim(row("api", 4001))))
    during = {"told": list(told), "notices": store.snapshot().notices, "untouched": file.read_bytes() == before}
    names = sorted(each.name for each in file.parent.iterdir())
    ballast.unlink()
    store.apply(batch(claim(row("db", 4002))))
    after = {"file": json.loads(file.read_bytes()), "notices": store.snapshot().notices}
    return {"applied": isinstance(answer, Applied), "during": during, "names": names, "after": after}


def commit_one(directory: str) -> object:
    """Change a committed port, whatever the disk does."""
    told: list[str] = []
    state = Path(directory) / "state"
    authority = SqliteStore(state / "portdash.db", host=HOST)
    store = projected(authority, Path(directory) / "port_assignments.json", state, tell=told.append)
    try:
        answer = store.apply(batch(claim(row("more", 4100)), id="commit-one"))
    except StoreError as error:
        return {"code": error.code, "message": error.message, "told": told}
    return {"code": None, "applied": isinstance(answer, Applied), "told": told}


PROGRAMS = {
    "commit": commit,
    "commit_one": commit_one,
    "claims": claims,
    "endures": endures,
    "kills": kills,
    "fill": fill,
    "refused": refused,
    "stumble": stumble,
    "seed": seed,
}

if __name__ == "__main__":
    print(json.dumps(PROGRAMS[sys.argv[1]](*sys.argv[2:])))  # noqa: T201  its answer
