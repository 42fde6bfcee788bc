"""What became of assignments as JSON, and back: changes, operations, events. Who only reads what is held needs none."""

from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.history import Change, Event, EventKind, Operation
from portdash.store.codec import BODY, Json, assignment_body, key_columns, key_from, source_from
from portdash.store.fields import Fields, Readers, Undecodable, port, read_all, whole, word_of

_SIDES = {"before", "after"}
_EVENTS = {each.value: each for each in EventKind}


def operation_body(operation: Operation) -> Json:
    """Return what of an operation does not stand in columns."""
    return {
        "title": operation.title,
        "actor": operation.actor,
        "at": operation.at,
        "changes": [change_json(each) for each in operation.changes],
    }


def operation_from(*, identity: str, revision: int, workspace: str, undone: bool, body: Fields) -> Operation:
    """Return the operation that columns and body stand for."""
    operation = Operation(
        id=identity,
        title=body.text("title"),
        workspace=workspace,
        actor=body.text("actor"),
        at=body.moment("at"),
        revision=revision,
        changes=body.list("changes", change_from),
        undone=undone,
    )
    body.done()
    return operation


def event_body(event: Event) -> Json:
    """Return an event but for its sequence number."""
    body: Json = {
        "kind": event.kind.value,
        "at": event.at,
        "workspace": event.workspace,
        "service": event.service,
        "actor": event.actor,
        "reason": event.reason,
        "revision": event.revision,
    }
    if event.host:
        body["host"] = event.host
    if event.from_port is not None:
        body["from"] = event.from_port
    if event.to_port is not None:
        body["to"] = event.to_port
    return body


def event_from(sequence: int, body: Fields) -> Event:
    """Return the event that a sequence number and a body stand for."""
    event = Event(
        kind=word_of(_EVENTS, body.any("kind"), "a kind of event"),
        at=body.moment("at"),
        workspace=body.text("workspace"),
        service=body.text("service"),
        actor=body.text("actor"),
        reason=body.text("reason"),
        from_port=body.optional_port("from"),
        to_port=body.optional_port("to"),
        revision=body.whole("revision"),
        sequence=sequence,
        host=body.text("host", ""),
    )
    body.done()
    return event


def change_json(change: Change) -> Json:
    """Return a row before and after."""
    return {
        "before": _row_json(change.before) if change.before else None,
        "after": _row_json(change.after) if change.after else None,
    }


def change_from(value: object) -> Change:
    """Return the change that a JSON object stands for."""
    fields = Fields(value)
    before, after = fields.any("before"), fields.any("after")
    fields.done()
    if before is None and after is None:
        raise Undecodable("a change is of nothing")
    return Change(
        None if before is None else _row_from(before),
        None if after is None else _row_from(after),
    )


def rows_after(body: Fields) -> list[tuple[ServiceKey, Assignment | None]]:
    """Return the rows that an operation changed as they were after it, None for one that went; the rest is not read."""
    return list(body.list("changes", _after))


def _after(value: object) -> tuple[ServiceKey, Assignment | None]:
    if type(value) is not dict or value.keys() != _SIDES:
        raise Undecodable("a change is missing")
    if (after := value.get("after")) is not None:
        row = _row_from(after)
        return row.key, row
    return change_from(value).key, None


def _row_json(row: Assignment) -> Json:
    return {
        "key": key_columns(row.key),
        "port": row.port,
        "source": row.source.value,
        "revision": row.revision,
        **assignment_body(row),
    }


def _row_from(value: object) -> Assignment:
    return Assignment(
        **read_all(value, _ROW, needed=("key", "port", "source", "revision", "spec", "assigned_at", "actor"))
    )


def _key_from(value: object) -> ServiceKey:
    if type(value) is not list:
        raise Undecodable("a key is missing")
    return key_from(value)


_ROW: Readers = {
    "key": ("key", _key_from),
    "port": ("port", port),
    "source": ("source", source_from),
    "revision": ("revision", whole),
    **BODY,
}
