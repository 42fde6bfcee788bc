"""A damaged store made anew out of what is left of it. The damaged file is kept beside it."""

import contextlib
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from portdash.errors import StoreDamaged, StoreError
from portdash.files import sync_directory
from portdash.identifiers import new_id
from portdash.model.assignment import Assignment, ServiceKey, Source
from portdash.model.history import Change, Operation
from portdash.record import field, record
from portdash.store import trouble
from portdash.store.connection import check_integrity, open_connection
from portdash.store.inspection import inspect
from portdash.store.locking import lock_file
from portdash.store.place import note_seal
from portdash.store.rows import Slot, slot_of
from portdash.store.salvage import Salvage, salvage
from portdash.store.schema import APPLICATION_ID
from portdash.store.seal import lock_path_of
from portdash.store.writing import create, restore
from portdash.text import clean


@record(kw_only=True)
class Repair:
    """What was recovered, and what was lost."""

    kept: Path
    """The damaged file, under another name."""
    recovered: dict[str, int]
    """Rows by table: `assignment`, `workspace`, `lease`, `operation`, `event`."""
    from_log: tuple[str, ...] = ()
    """Services that were brought back from the log of operations."""
    from_copy: tuple[str, ...] = ()
    """Services that were brought back from a copy: they may be of before."""
    copy: Path | None = None
    """That copy."""
    lost: dict[str, int] = field(default_factory=dict)
    """Rows by table that were there and could not be read."""
    cut: tuple[str, ...] = ()
    """Tables that could not be read to their end: how much of them is lost cannot be told."""


def repair(path: Path, *, actor: str, patience: float = 10.0) -> Repair | None:
    """Make the store at `path` anew out of what can be read of it; None when nothing is wrong with it.

    The file is replaced in one step, under the lock, and the damaged one is kept as `NAME.corrupt-TIME`. Raises
    StoreTooNew, and StoreError for what is wrong with the place rather than with the file.
    """
    real = os.path.realpath(path)
    if not os.path.lexists(real):
        return None
    with lock_file(lock_path_of(real), patience=patience, store=real) as lock:
        found = inspect(path, patience=patience)
        if found.trouble is None:
            return None
        if found.trouble.code != "store_damaged" or not Path(real).is_file():
            raise found.trouble
        if _is_foreign(real):
            raise StoreDamaged(
                f"{clean(real)} is a sound database of another program", hint="name another file as the store"
            )
        try:
            return _repair(real, lock, found.copies, actor)
        except OSError as error:
            raise trouble.from_os(error, real, writing=True) from error
        except sqlite3.Error as error:
            raise trouble.met(error, real, patience=patience, writing=True) from error


def _repair(real: str, lock: int, older: Iterable[Path], actor: str) -> Repair:
    rest = salvage(Path(real))
    from_log = _replay(rest)
    from_copy, copy = ((), None) if rest.is_whole else _complete(rest, older)
    clashes = _without_clashes(rest)
    temporary = f"{real}.rebuilt-{os.getpid()}.tmp"
    try:
        _build(temporary, rest, actor)
        kept = _keep(real)
        os.replace(temporary, real)  # noqa: PTH105
    finally:
        for leftover in (temporary, f"{temporary}-journal"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(leftover)  # noqa: PTH108
    sync_directory(str(Path(real).parent))
    note_seal(real, lock)
    lost = Counter(table for table, _ in rest.damaged)
    if clashes:
        lost["assignment"] += clashes
    return Repair(
        kept=kept,
        recovered={
            "assignment": len(rest.assignments),
            "workspace": len(rest.workspaces),
            "lease": len(rest.leases),
            "operation": len(rest.operations),
            "event": len(rest.events),
        },
        from_log=tuple(from_log),
        from_copy=from_copy,
        copy=copy,
        lost=dict(lost),
        cut=tuple(sorted(rest.cut)),
    )


def _is_foreign(real: str) -> bool:
    """Say whether it is a sound SQLite file that somebody else wrote."""
    try:
        with contextlib.closing(sqlite3.connect(f"{Path(real).as_uri()}?mode=ro", uri=True)) as connection:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        return False
    return application != APPLICATION_ID and verdict == "ok" and bool(tables)


def _replay(rest: Salvage) -> list[str]:
    """Bring back, from the last that the log says of it, each service whose row was lost; return their names."""
    if rest.is_whole:
        return []
    last: dict[ServiceKey, Assignment | None] = {}
    for _, operation in sorted(rest.operations.items()):
        last |= {change.key: change.after for change in operation.changes}
    names = []
    for key, row in last.items():
        if row is not None and key not in rest.assignments:
            rest.assignments[key] = row
            names.append(row.name)
    return names


def _complete(rest: Salvage, older: Iterable[Path]) -> tuple[tuple[str, ...], Path | None]:
    """Add, from the newest sound copy, the services that nothing else tells of."""
    told = {change.key for operation in rest.operations.values() for change in operation.changes}
    for copy in older:
        if inspect(copy, read_only=True).trouble is not None:
            continue
        theirs = salvage(copy)
        missing = [row for key, row in theirs.assignments.items() if key not in rest.assignments and key not in told]
        rest.assignments |= {row.key: row for row in missing}
        rest.workspaces = {**theirs.workspaces, **rest.workspaces}
        rest.revision = max(rest.revision, theirs.revision)
        return tuple(sorted((row.name for row in missing), key=str.casefold)), copy
    return (), None


def _without_clashes(rest: Salvage) -> int:
    """Let the younger of two rows with one port go first, and take out the other; return how many were taken out."""
    owners: dict[Slot, ServiceKey] = {}
    gone = 0
    for key, row in sorted(rest.assignments.items(), key=lambda each: -each[1].revision):
        if row.source is not Source.INHERITED and owners.setdefault(slot_of(row), key) != key:
            del rest.assignments[key]
            gone += 1
    rest.leases = {key: lease for key, lease in rest.leases.items() if key in rest.assignments}
    roots: set[tuple[str, str]] = set()
    for where, workspace in list(rest.workspaces.items()):
        if workspace.root is not None and (where[0], workspace.root) in roots:
            del rest.workspaces[where]
        elif workspace.root is not None:
            roots.add((where[0], workspace.root))
    return gone


def _build(path: str, rest: Salvage, actor: str) -> None:
    """Write a store that holds the rest, one revision on, and make sure of it."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600))
    done = Operation(
        id=new_id(),
        title="repair the store",
        workspace="default",
        actor=actor,
        at=time.time(),
        revision=rest.revision + 1,
        changes=tuple[Change, ...](),
    )
    slots = {slot_of(row) for row in rest.assignments.values()}
    with contextlib.closing(open_connection(path, read_only=False, patience=1)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        create(connection)
        restore(
            connection,
            operation=done,
            assignments=rest.assignments.values(),
            leases=rest.leases.values(),
            workspaces=[(host, workspace) for (host, _), workspace in rest.workspaces.items()],
            quarantines=[
                each for each in rest.quarantines.values() if (each.host, each.protocol, each.port) not in slots
            ],
            plans=rest.plans.values(),
            operations=rest.operations.values(),
            events=[event for _, event in sorted(rest.events.items())],
        )
        connection.execute("COMMIT")
        check_integrity(connection, path)
    with open(path, "rb") as file:  # noqa: PTH123
        os.fsync(file.fileno())


def _keep(real: str) -> Path:
    """Give the damaged file a second name, so that there is no moment without a store; return that."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    for number in range(1, 1000):
        kept = Path(f"{real}.corrupt-{stamp}{'' if number == 1 else f'-{number}'}")
        try:
            os.link(real, kept)
        except FileExistsError:
            continue
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{real}-journal", f"{kept}-journal")  # noqa: PTH105
        return kept
    raise StoreError(f"there are a thousand files like {real}.corrupt-{stamp} already")
