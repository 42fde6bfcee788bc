"""What the scripts answer as the store's records. It comes from a server that anybody may have written to.

Everything passes the strict decoder; what does not raises Undecodable.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from portdash.model.assignment import Assignment, Lease, ServiceKey
from portdash.model.history import Event, Operation
from portdash.model.kept import PlanRecord, Quarantine
from portdash.model.requests import Request
from portdash.model.state import StoreState
from portdash.model.workspace import Workspace
from portdash.store.asked import request_from
from portdash.store.codec import PROTOCOLS, assignment_from, key_from, source_from
from portdash.store.fields import Fields, Undecodable, port, text, whole, word_of
from portdash.store.history import event_from, operation_from
from portdash.store.kept import plan_from
from portdash.store.records import lease_from, workspace_from
from portdash.store.redis.encoding import compact, encode_key, encode_slot
from portdash.store.states import replay
from portdash.store.tables import Version

SEP = "\x1f"


class Known(NamedTuple):
    """What was last read, as the ground for the next reading."""

    version: Version
    state: StoreState
    rows: dict[ServiceKey, Assignment]
    """The assignments of the state; never changed."""
    steps: Mapping[int, str] = MappingProxyType({})
    """Revisions that this state has passed since it was read as a whole or followed, with their operations."""
    changed: frozenset[ServiceKey] | None = None
    """Rows that changed in those steps; None when that is not known."""

    @classmethod
    def of(cls, version: Version, state: StoreState, rows: dict[ServiceKey, Assignment]) -> "Known":
        """Return what was read as a whole."""
        return cls(version, replace(state, assignments=MappingProxyType(rows)), rows)


class Found(NamedTuple):
    """A state as a script answered it."""

    known: Known
    is_forked: bool
    """Whether the past that we knew is not in the past of this state: the server has lost changes."""


def parts_of(value: object) -> list[object]:
    """Return a list that a script answered."""
    if type(value) is not list:
        raise Undecodable("an answer is not a list")
    return value


def word(value: object) -> str:
    """Return a text that a script answered."""
    if type(value) is not bytes:
        raise Undecodable("an answer is not a text")
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Undecodable("a text is not UTF-8") from error


def decode_state(value: object, known: Known, host: str) -> Found:
    """Return the state that an answer stands for, given that we knew `known`; workspaces are those of `host`."""
    way, revision, operation, leases, *rest = parts_of(value)
    version = Version(whole(revision), word(operation))
    if version.revision < 0:
        raise Undecodable("its revision is no number")
    held = MappingProxyType(dict(map(_lease, *_columns(leases))))
    if way == b"same" and version == known.version:
        is_new = held != known.state.leases
        return Found(known._replace(state=replace(known.state, leases=held)) if is_new else known, is_forked=False)
    if len(rest) != 5:
        raise Undecodable("an answer has not all its parts")
    rows, workspaces, quarantines, plans, requests = rest
    state = StoreState(
        revision=version.revision,
        leases=held,
        workspaces=_workspaces(workspaces, host),
        quarantines=tuple(sorted(map(_quarantine, *_columns(quarantines)), key=_place)),
        plans=tuple(sorted(map(_plan, *_columns(plans)), key=lambda each: each.id)),
        requests=tuple(sorted(map(_request, *_columns(requests)), key=lambda each: each.id)),
    )
    if way == b"log":
        return Found(_follow(known, rows, version, state), is_forked=False)
    read = {row.key: row for row in map(_row, *_columns(rows))}
    return Found(Known.of(version, state, read), is_forked=way == b"forked")


def decode_operation(revision: int, record: str) -> Operation:
    """Return the operation that a record of the log stands for."""
    identity, undone, changed, workspace, title, body = _split(record, 6)
    operation = operation_from(
        identity=identity,
        revision=revision,
        workspace=text(decode_json(workspace)),
        undone=_flag(undone),
        body=Fields.parse(body),
    )
    if title != compact(operation.title) or _flag(changed) != bool(operation.changes):
        raise Undecodable("an operation disagrees with itself")
    return operation


def decode_event(record: str) -> Event:
    """Return the event that a record of history stands for."""
    sequence, service, body = _split(record, 3)
    event = event_from(number(sequence), Fields.parse(body))
    if service != compact(event.service.casefold()):
        raise Undecodable("an event disagrees with itself")
    return event


def number(value: str) -> int:
    """Return the number that a text of digits stands for."""
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise Undecodable("a number is missing")
    return int(value)


def decode_json(value: str) -> object:
    """Return what a JSON text stands for."""
    try:
        found: object = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise Undecodable("a record is not JSON") from error
    return found


def _follow(known: Known, log: object, version: Version, state: StoreState) -> Known:
    """Return what becomes of `known` by the operations after it, of which the last made `version`."""
    records = enumerate(parts_of(log), known.version.revision + 1)
    operations = tuple(decode_operation(revision, word(each)) for revision, each in records)
    steps = {known.version.revision: known.version.operation, **{each.revision: each.id for each in operations}}
    if max(steps) != version.revision or steps[version.revision] != version.operation:
        raise Undecodable("its log does not lead to its revision")
    rows = replay(known.rows, operations)
    changed = frozenset(change.key for operation in operations for change in operation.changes)
    return Known(version, replace(state, assignments=MappingProxyType(rows)), rows, steps, changed)


def _row(field: str, record: str) -> Assignment:
    key = _key(field)
    slot, port_text, source, revision, name, body = _split(record, 6)
    row = assignment_from(key, port(number(port_text)), source_from(source), number(revision), Fields.parse(body))
    if slot != encode_slot(key.host, key.protocol, row.port) or name != row.name:
        raise Undecodable("an assignment disagrees with itself")
    return row


def _lease(field: str, record: str) -> tuple[ServiceKey, Lease]:
    token, body = _split(record, 2)
    lease = lease_from(_key(field), Fields.parse(body))
    if token != compact(lease.token):
        raise Undecodable("a lease disagrees with itself")
    return lease.key, lease


def _workspaces(value: object, host: str) -> tuple[Workspace, ...]:
    found = []
    for field, record in zip(*_columns(value), strict=True):
        name, root, body = _split(record, 3)
        workspace = workspace_from(Fields.parse(body))
        owner = parts_of(decode_json(field))[0]
        expected = "" if workspace.root is None else compact([owner, workspace.root])
        if (name, root, field) != (workspace.name, expected, compact([owner, workspace.name.casefold()])):
            raise Undecodable("a workspace disagrees with itself")
        if owner == host:
            found.append(workspace)
    return tuple(sorted(found, key=lambda each: each.name))


def _quarantine(field: str, record: str) -> Quarantine:
    host, protocol, port_number = _three(field)
    released_at, service = _split(record, 2)
    try:
        moment = float(released_at)
    except ValueError as error:
        raise Undecodable("a quarantine has no time") from error
    if not math.isfinite(moment):
        raise Undecodable("a quarantine has no time")
    return Quarantine(
        host=text(host),
        protocol=word_of(PROTOCOLS, protocol, "a protocol"),
        port=port(port_number),
        service=service,
        released_at=moment,
    )


def _plan(field: str, record: str) -> PlanRecord:
    host, reserved, body = _split(record, 3)
    plan = plan_from(field, host, Fields.parse(body))
    if reserved != "\n".join(encode_slot(host, *slot) for slot in plan.reserved):
        raise Undecodable("a plan disagrees with itself")
    return plan


def _request(field: str, record: str) -> Request:
    times, verdict, answer, body = _split(record, 4)
    fields = Fields.parse(body)
    request = request_from(field, fields, answer=decode_json(answer), ok=None if not verdict else _flag(verdict))
    if times != f"{compact(request.at)} {compact(request.deadline)}":
        raise Undecodable("a request disagrees with itself")
    return request


def _place(quarantine: Quarantine) -> tuple[str, str, int]:
    return quarantine.host, quarantine.protocol, quarantine.port


def _columns(value: object) -> tuple[list[str], list[str]]:
    """Return the fields and values of a hash, as the server lists them by turns."""
    words = [word(each) for each in parts_of(value)]
    if len(words) % 2:
        raise Undecodable("a field has no value")
    return words[::2], words[1::2]


def _key(field: str) -> ServiceKey:
    key = key_from(_list(field))
    if encode_key(key) != field:
        raise Undecodable("a key is written in another way")
    return key


def _three(field: str) -> Iterator[object]:
    found = _list(field)
    if len(found) != 3:
        raise Undecodable("a port is not host, protocol and number")
    return iter(found)


def _list(value: str) -> list[object]:
    return parts_of(decode_json(value))


def _split(record: str, count: int) -> list[str]:
    parts = record.split(SEP, count - 1)
    if len(parts) != count:
        raise Undecodable("a record is cut off")
    return parts


def _flag(value: str) -> bool:
    if value not in ("0", "1"):
        raise Undecodable("a truth is missing")
    return value == "1"
