"""The summary report as one JSON document: that of `status`, with what the report has beside it."""

import json

from portdash.model.snapshot import Snapshot
from portdash.report.record import Record
from portdash.report.redaction import Redaction
from portdash.report.scope import Scope
from portdash.report.serialise import Json, iso, listener_json, status_json
from portdash.text import clean


def report_json(
    snapshot: Snapshot,
    scope: Scope | None = None,
    redaction: Redaction | None = None,
    *,
    record: Record | None = None,
) -> str:
    """Return the document as indented JSON; parameters are those of `report_text`. No newline ends it.

    After the keys of `status` come `taken_at`, `scope`, `listeners` (those that are no service's), `variables`,
    `notices`, and `history`, which is null without a `record`.
    """
    scope, redaction = scope or Scope(workspace=snapshot.workspace), redaction or Redaction()
    payload: Json = {
        **status_json(snapshot, scope=scope),
        "taken_at": iso(snapshot.taken_at),
        "scope": clean(scope.label(snapshot)),
        "listeners": [listener_json(seen, snapshot) for seen in scope.other_listeners(snapshot)],
        "variables": [
            {"name": clean(view.spec.variable), "port": view.port, "service": clean(view.name)}
            for view in scope.services(snapshot)
            if view.port
        ],
        "notices": [clean(notice) for notice in snapshot.notices],
        "history": _history(record) if record else None,
    }
    del payload["next_available"]
    return json.dumps(_redacted(payload, redaction), indent=2, ensure_ascii=False)


def _history(record: Record) -> Json:
    return {
        "ports_given": record.given,
        "ports_moved": record.moved,
        "ports_given_back": record.released,
        "conflicts_found": record.found,
        "conflicts_resolved": record.resolved,
        "conflict_resolution_rate": record.rate,
    }


def _redacted(value: object, redaction: Redaction) -> object:
    if isinstance(value, str):
        return redaction(value)
    if isinstance(value, dict):
        return {key: _redacted(each, redaction) for key, each in value.items()}
    return [_redacted(each, redaction) for each in value] if isinstance(value, list) else value
