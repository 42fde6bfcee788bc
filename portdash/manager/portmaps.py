"""Taking a workspace's ports out as a plain map, and taking such a map in: all of it or nothing."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from portdash.errors import PlanOutdated, Refused, UsageError
from portdash.identifiers import new_id
from portdash.manager.deps import Deps
from portdash.model.assignment import Assignment, Source
from portdash.model.ports import IpProtocol
from portdash.model.state import StoreState
from portdash.model.storage import Applied, Batch, Op, Rejected
from portdash.record import record
from portdash.store.projection.checking import check
from portdash.store.projection.committed_file import CommittedFile, Swapped, Unusable
from portdash.store.projection.editing import draft
from portdash.store.projection.merge import Edits
from portdash.store.projection.placing import next_free
from portdash.store.projection.portmap import BadMap, Entry, format_map, parse_map
from portdash.store.projection.scope import Scope
from portdash.text import and_list, clean


@record
class MapChange:
    """What a map changes for one service."""

    service: str
    before: int | None
    """The port it has, None when it has none."""
    after: int


@record
class MapPlan:
    """What taking in a map comes to."""

    source: str
    """What the map is called, ready to show."""
    changes: tuple[MapChange, ...]
    kept: int
    """Services whose port stays."""
    ops: tuple[Op, ...]
    notes: tuple[str, ...] = ()
    """What is odd about a port and yet no reason against it, ready to show."""


def export_map(deps: Deps) -> bytes:
    """Return the ports of this workspace as the text of a map."""
    rows = scope_of(deps).rows(deps.store.snapshot())
    return format_map({row.name: row.port for row in rows.values()})


def write_map(path: Path, content: bytes, *, force: bool) -> None:
    """Write a map to `path`. A file that is no map of ports is replaced only with `force`.

    Raises Refused, and UsageError when the file cannot be written there; no directory is made for it.
    """
    file, name = CommittedFile(path), clean(str(path), limit=None)
    if not path.parent.is_dir():
        raise UsageError(f"{name} cannot be written: there is no such directory", hint="make it, or name another file")
    try:
        found = file.read()
        if found.content is not None and not force:
            parse_map(found.content)
        if found.content != content:
            file.replace(content, instead_of=found)
    except BadMap as error:
        raise Refused(f"{name} is no map of ports, and was left alone", hint="--force replaces it") from error
    except Unusable as error:
        raise Refused(f"{name}: {error}", hint=error.hint) from error
    except Swapped as error:
        raise Refused(f"{name}: {error}", hint="try again") from error
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"{name} cannot be written: {why}", hint="check its path, permissions and space") from error


def read_map(path: Path) -> tuple[Entry, ...]:
    """Return the entries of the map at `path`. Raises UsageError, with the line, for all that is no map of ports."""
    name = clean(str(path), limit=None)
    try:
        content = CommittedFile(path).read().content
    except Unusable as error:
        raise UsageError(f"{name}: {error}", hint=error.hint) from error
    if content is None:
        raise UsageError(f"{name}: no such file", hint="name a file that holds a map of names to ports")
    return entries_of(_ports_of_backup(content) or content, name)


def _ports_of_backup(content: bytes) -> bytes | None:
    """Return the map in a backup that `reset` kept, None where it is something else."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not (isinstance(document, dict) and isinstance(document.get("ports"), dict) and "services" in document):
        return None
    return json.dumps(document["ports"], indent=2).encode()


def entries_of(content: bytes, name: str) -> tuple[Entry, ...]:
    """Return the entries of a map; `name` is what it is called. Raises UsageError, with the line."""
    try:
        return parse_map(content)
    except BadMap as error:
        raise UsageError(f"{name}:{error.line}: {error.message}", hint=error.hint) from error


def plan_import(deps: Deps, entries: tuple[Entry, ...], source: str) -> MapPlan:
    """Plan to give each service of a map its port; services that are not in it stay as they are.

    Raises UsageError for a map that contradicts itself, Refused when a port is another service's, or a listener's
    that is not the service's own.
    """
    from portdash.manager.portmap_checks import asked, in_the_way, oddities  # noqa: PLC0415  the planner, for an import alone

    scope, state = scope_of(deps), deps.store.snapshot()
    rows = scope.rows(state)
    by_name = {entry.name.casefold(): entry for entry in entries}
    claims = {name: entry.port for name, entry in by_name.items() if not _has(rows.get(name), entry.port)}
    edits = Edits(claims, frozenset())
    snapshot, wanted = deps.observer.snapshot(), asked(scope, rows, by_name)
    moving = {name: each for name, each in wanted.items() if name in claims}
    if held := list(_holders(scope, state, edits, by_name)) or list(in_the_way(snapshot, moving.values())):
        raise Refused(
            f"{and_list(held)}; nothing was imported", hint="leave those lines out, or move the holders first"
        )
    try:
        check(by_name, edits, rows, scope)
        ops = draft(scope, state, edits, by_name, place=next_free, at=deps.clock.now(), source=source).ops
    except BadMap as error:
        raise UsageError(f"{source}:{error.line}: {error.message}", hint=error.hint) from error
    changes = [
        MapChange(by_name[name].name, row.port if (row := rows.get(name)) else None, port)
        for name, port in claims.items()
    ]
    notes = tuple(oddities(snapshot, wanted.values(), moving.values()))
    return MapPlan(source, tuple(changes), len(by_name) - len(claims), ops if changes else (), notes)


def apply_import(deps: Deps, plan: MapPlan) -> Applied | None:
    """Store what was planned, in one batch; None when there is nothing to store. Raises PlanOutdated, StoreError."""
    if not plan.changes:
        return None
    batch = Batch(
        id=new_id(),
        title=f"import {plan.source}",
        workspace=deps.place.workspace.name,
        actor=deps.actor,
        at=deps.clock.now(),
        ops=plan.ops,
    )
    answer = deps.store.apply(batch)
    if isinstance(answer, Rejected):
        raise PlanOutdated(f"the store changed meanwhile: {answer.detail}")
    deps.events.publish(answer.events)
    return answer


def scope_of(deps: Deps) -> Scope:
    """Return what a map of this workspace stands for."""
    place = deps.place
    return Scope(
        host=place.host,
        user=place.user,
        workspace=place.workspace,
        environment=place.environment,
        declared={each.name.casefold(): each.spec for each in deps.config.services if each.url is None},
    )


def _has(row: Assignment | None, port: int) -> bool:
    return row is not None and row.port == port


def _holders(scope: Scope, state: StoreState, edits: Edits, entries: Mapping[str, Entry]) -> Iterator[str]:
    """Say which ports of the map are those of services that the map does not move."""
    rows = scope.rows(state)
    owners = {
        (row.key.protocol, row.port): row
        for row in state.assignments.values()
        if row.key.host == scope.host and row.source is not Source.INHERITED
    }
    moving = {row.key for name, row in rows.items() if name in edits.claims}
    for name, port in edits.claims.items():
        spec = scope.spec(name, rows.get(name))
        if spec and spec.inherit_from:
            continue
        key = rows[name].key if name in rows else scope.key(name, spec.protocol if spec else IpProtocol.TCP)
        owner = owners.get((key.protocol, port))
        if owner is None or owner.key in moving or owner.key == key:
            continue
        whose = clean(owner.name) if scope.owns(owner.key) else f"{clean(owner.key.workspace)}/{clean(owner.name)}"
        yield f"{clean(entries[name].name)} cannot have {port}, which is {whose}'s"
