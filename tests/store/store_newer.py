"""A portdash of the next format: `store_newer.py PROGRAM ARGUMENTS`, answering with one JSON document.

It is this very code with a third version of the tables, patched in before anything reads the second: a new table, and
in every row of the workspaces a column more. `lose` is a step that fails half way.
"""

import contextlib
import json
import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path

from portdash.store import schema
from portdash.store.seal import row_sum

NEW_WORKSPACE = """CREATE TABLE workspace (host TEXT NOT NULL, folded TEXT NOT NULL, root BLOB,
  body TEXT NOT NULL, colour TEXT NOT NULL, sum INTEGER NOT NULL,
  PRIMARY KEY (host, folded))"""
LABEL = "CREATE TABLE label (port INTEGER PRIMARY KEY, words TEXT NOT NULL, sum INTEGER NOT NULL)"


def become_newer(kind: str) -> None:
    """Be the portdash of version 3. `gentle` adds a table, `deep` changes one that version 2 reads as well."""
    schema.VERSION = 3
    schema.SCHEMA = (*schema.SCHEMA, LABEL)
    if kind == "deep":
        tables = [each for each in schema.SCHEMA if not each.startswith("CREATE TABLE workspace")]
        schema.SCHEMA = (*tables, NEW_WORKSPACE)
        schema.SELECT_WORKSPACE = "SELECT host, folded, root, body, colour, sum FROM workspace"
    from portdash.store import migrations  # noqa: PLC0415  it must find version 3

    migrations.STEPS = {**migrations.STEPS, 2: {"gentle": gentle, "deep": deep, "lose": lose}[kind]}


def gentle(connection: sqlite3.Connection) -> None:
    connection.execute(LABEL)
    for (port,) in connection.execute("SELECT port FROM assignment ORDER BY port").fetchall():
        connection.execute("INSERT OR IGNORE INTO label VALUES (?, ?, ?)", (port, "old", row_sum((port, "old"))))


def deep(connection: sqlite3.Connection) -> None:
    gentle(connection)
    rows = connection.execute("SELECT host, folded, root, body FROM workspace").fetchall()
    connection.execute("DROP TABLE workspace")
    connection.execute(NEW_WORKSPACE)
    connection.execute("CREATE UNIQUE INDEX one_name ON workspace (host, root) WHERE root IS NOT NULL")
    for row in rows:
        connection.execute("INSERT INTO workspace VALUES (?, ?, ?, ?, ?, ?)", (*row, "red", row_sum((*row, "red"))))


def lose(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM assignment")
    connection.execute(LABEL)
    raise sqlite3.OperationalError("the step failed")


def main(program: str, kind: str, path: str, *names: str) -> object:
    become_newer(kind)
    from store_world import HOST, batch, claim, row  # noqa: PLC0415  they must find version 3

    from portdash.errors import StoreError  # noqa: PLC0415
    from portdash.store.sqlite import SqliteStore  # noqa: PLC0415

    if program == "kills":
        return kills(Path(path), int(names[0]))
    store = SqliteStore(Path(path), host=HOST, read_only=program == "look")
    try:
        if program == "claim":
            for name in names:
                store.apply(batch(claim(row(name, 7000 + int(name.removeprefix("n")))), id=name))
        held = {each.name: each.port for each in store.snapshot().assignments.values()}
    except StoreError as error:
        return {"code": error.code, "message": error.message, "hint": error.hint}
    return {"held": held, "revision": store.snapshot().revision}


def kills(path: Path, rounds: int) -> object:
    """Be killed at some instant of the first use of an old file, then use it, again and again.

    Tell how often it was in time, what was lost of the file or of a copy, and what was left of it after an hour.
    """
    from store_world import HOST, ports  # noqa: PLC0415

    from portdash.store.backup import backup, copies  # noqa: PLC0415
    from portdash.store.sqlite import SqliteStore  # noqa: PLC0415

    whole, chance = path.read_bytes(), random.Random(3)
    killed = 0
    lost: list[object] = []
    left: list[str] = []
    for _ in range(rounds):
        path.write_bytes(whole)
        killed += _kill_one(path, chance.random() * 0.004)
        store = SqliteStore(path, host=HOST)
        held = [ports(store), *(_ports_of(each) for each in copies(path))]
        store.close()
        lost += [each for each in held if not {"web": 4000, "api": 4001}.items() <= each.items()]
        for each in path.parent.glob("*.copying-*"):
            os.utime(each, (1000, 1000))
        for each in copies(path):
            each.unlink()
        backup(path, "sweeps")
        path.with_name("portdash.db.bak-sweeps").unlink()
        left += [each.name for each in path.parent.glob("*.copying-*")]
    return {"killed": killed, "lost": lost, "left": left}


def _kill_one(path: Path, delay: float) -> bool:
    """Let a child use the file, and kill it so many seconds after it began with the copy; say whether in time."""
    from store_world import HOST, batch, claim, row  # noqa: PLC0415

    from portdash.store.sqlite import SqliteStore  # noqa: PLC0415

    child = os.fork()
    if child == 0:
        status = 1
        try:
            SqliteStore(path, host=HOST).apply(batch(claim(row("n1", 7001)), id="n1"))
            status = 0
        finally:
            os._exit(status)
    while (
        len([*path.parent.iterdir()]) < 3 and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    ):
        pass
    until = time.perf_counter() + delay
    while time.perf_counter() < until:
        pass  # the instant of the kill is anywhere in the steps
    os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL)
    return status != 0


def _ports_of(copy: Path) -> dict[str, int]:
    """Read a copy as it is: a store would bring it up to date."""
    with contextlib.closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)) as connection:
        return dict(connection.execute("SELECT service, port FROM assignment").fetchall())


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))  # noqa: T201  its answer
