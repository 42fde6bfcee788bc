"""A portdash of the next format: `store_newer.py PROGRAM ARGUMENTS`, answering with one JSON document.

It is this very code with a third version of the tables, patched in before anything reads the second: a new table, and
in every row of the workspaces a column more. `lose` is a step that fails half way.
"""

import json
import sqlite3
import sys
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

    store = SqliteStore(Path(path), host=HOST, read_only=program == "look")
    try:
        if program == "claim":
            for name in names:
                store.apply(batch(claim(row(name, 7000 + int(name.removeprefix("n")))), id=name))
        held = {each.name: each.port for each in store.snapshot().assignments.values()}
    except StoreError as error:
        return {"code": error.code, "message": error.message, "hint": error.hint}
    return {"held": held, "revision": store.snapshot().revision}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))  # noqa: T201  its answer
