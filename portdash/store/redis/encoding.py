"""A batch as the script takes it: bodies ready to be stored, and beside them only what the script looks at."""

import json
from collections.abc import Mapping, Sequence

import msgspec

from portdash.model.assignment import Assignment, ServiceKey, Source
from portdash.model.history import Event
from portdash.model.kept import QUARANTINE_SECONDS, PlanRecord, PlanState
from portdash.model.ports import IpProtocol
from portdash.model.requests import REQUEST_KEPT, Request
from portdash.model.storage import (
    Answer,
    Ask,
    Batch,
    Claim,
    DropLease,
    MarkUndone,
    Op,
    RecordEvent,
    RecordPlan,
    RecordWorkspace,
    Remove,
    TakeLease,
)
from portdash.model.workspace import Workspace
from portdash.store.asked import question_body
from portdash.store.codec import assignment_body, key_columns
from portdash.store.fields import dumps
from portdash.store.history import event_body
from portdash.store.kept import plan_body
from portdash.store.records import lease_body, workspace_body
from portdash.store.schema import EVENTS_KEPT, OPERATIONS_KEPT

Packed = dict[str, object]


def encode(batch: Batch, *, lease_seconds: float) -> bytes:
    """Return the batch in MessagePack. Raises ValueError for a time that is none."""
    front = dumps({"title": batch.title, "actor": batch.actor, "at": batch.at})
    return msgspec.msgpack.encode(
        {
            "id": batch.id,
            "title": compact(batch.title),
            "workspace": compact(batch.workspace),
            "actor": compact(batch.actor),
            "at": compact(batch.at),
            "front": f'{front[:-1]},"changes":[',
            "homes": {encode_key(key): _home(key) for key in map(_changed, batch.ops) if key},
            "lease": max(1, round(lease_seconds * 1000)),
            "quarantine": QUARANTINE_SECONDS,
            "request_kept": REQUEST_KEPT,
            "operations_kept": OPERATIONS_KEPT,
            "events_kept": EVENTS_KEPT,
            "ops": [_op(op) for op in batch.ops],
        }
    )


def compact(value: object) -> str:
    """Return JSON in ASCII and in one spelling: whatever separates records cannot be in it."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _home(key: ServiceKey) -> str:
    """Return where a service is as members of a JSON object, for events of its row."""
    return dumps({"workspace": key.workspace, "host": key.host})[1:-1]


def encode_key(key: ServiceKey) -> str:
    """Return the field under which a service's row is kept."""
    return compact(key_columns(key))


def encode_slot(host: str, protocol: IpProtocol, port: int) -> str:
    """Return the field under which the owner of a port is kept."""
    return compact([host, protocol.value, port])


def _changed(op: Op) -> ServiceKey | None:
    match op:
        case Claim():
            return op.options[0].key
        case Remove():
            return op.key
        case _:
            return None


def _op(op: Op) -> Packed:
    match op:
        case Claim():
            return _claim(op)
        case RecordWorkspace():
            return _workspace(op.host, op.workspace)
        case RecordPlan():
            return _plan(op.record)
        case RecordEvent():
            return _event(op.event)
        case _:
            return _small(op)


def _small(op: Remove | TakeLease | DropLease | MarkUndone | Ask | Answer) -> Packed:
    match op:
        case Remove():
            return _packed("remove", key=encode_key(op.key), expected=op.expected, reason=compact(op.reason))
        case TakeLease():
            body = dumps(lease_body(op.lease))
            return _packed("take_lease", key=encode_key(op.lease.key), token=compact(op.lease.token), body=body)
        case DropLease():
            return _packed("drop_lease", key=encode_key(op.key), token=compact(op.token))
        case MarkUndone():
            return _packed("undone", id=op.operation_id)
        case Ask():
            return _ask(op.request)
        case Answer():
            return _packed("answer", id=op.request_id, verdict=_verdict(ok=op.ok), text=compact(op.text))


def _claim(op: Claim) -> Packed:
    expected = False if op.expected is None else op.expected
    options = _options(op.options)
    return _packed(
        "claim", key=encode_key(op.options[0].key), expected=expected, reason=compact(op.reason), options=options
    )


def _options(rows: Sequence[Assignment]) -> list[Mapping[str, object]]:
    return [
        {
            "slot": encode_slot(row.key.host, row.key.protocol, row.port),
            "port": str(row.port),
            "source": Source(row.source).value,
            "name": row.name,
            "body": dumps(assignment_body(row)),
        }
        for row in rows
    ]


def _workspace(host: str, workspace: Workspace) -> Packed:
    return _packed(
        "workspace",
        field=compact([host, workspace.name.casefold()]),
        name=workspace.name,
        root="" if workspace.root is None else compact([host, workspace.root]),
        body=dumps(workspace_body(workspace)),
    )


def _plan(record: PlanRecord) -> Packed:
    return _packed(
        "plan",
        id=record.id,
        host=record.host,
        applying=record.state is PlanState.APPLYING,
        reserved="\n".join(encode_slot(record.host, protocol, port) for protocol, port in record.reserved),
        body=dumps(plan_body(record)),
    )


def _ask(request: Request) -> Packed:
    return _packed(
        "ask",
        id=request.id,
        key=encode_key(request.key),
        token=compact(request.token),
        times=f"{compact(float(request.at))} {compact(float(request.deadline))}",
        verdict=_verdict(ok=request.ok),
        text=compact(request.answer),
        body=dumps(question_body(request)),
    )


def _verdict(*, ok: bool | None) -> str:
    return "" if ok is None else str(int(ok))


def _event(event: Event) -> Packed:
    body = {name: value for name, value in event_body(event).items() if name != "revision"}
    return _packed("event", service=compact(event.service.casefold()), body=dumps(body))


def _packed(kind: str, **values: object) -> Packed:
    return {"kind": kind, **values}
