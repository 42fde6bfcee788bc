"""Sorting rows by a column: numbers as numbers, ages from the shortest, words without case, what is unknown last."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

from portdash.dashboard.rows import holders, words
from portdash.dashboard.rows.conflict_rows import since
from portdash.dashboard.rows.drawing import Beside, cells_for
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.layout import Column
from portdash.dashboard.rows.row import EventLine, Kind, Other, RangeLine, Row
from portdash.dashboard.rows.view import Sort
from portdash.model.snapshot import ServiceView


def sort_rows(rows: Sequence[Row], sort: Sort, facts: Facts, beside: Beside) -> list[Row]:
    """Return `rows` sorted; without a column as they are, or the other way round. Equal ones keep their order."""
    if sort.column is None:
        return list(reversed(rows)) if sort.is_reversed else list(rows)
    number = _NUMBERS.get(sort.column)
    keyed: list[tuple[float | str, Row]] = []
    unknown: list[Row] = []
    for row in rows:
        key = number(row, facts) if number else _text(row, sort.column, facts, beside)
        if key is None or key == "":
            unknown.append(row)
        else:
            keyed.append((key, row))
    keyed.sort(key=itemgetter(0), reverse=sort.is_reversed)  # stable, and of one column all keys are of one kind
    return [*(row for _key, row in keyed), *unknown]


def _text(row: Row, column: Column, facts: Facts, beside: Beside) -> str:
    texts, _tone = cells_for(row, facts, beside).get(column, (("",), None))
    return texts[0].strip(" =~≠?").casefold() if texts else ""


def _port(row: Row, _facts: Facts) -> float | None:
    if row.kind is Kind.SOCKET or isinstance(row.subject, Other):
        server = holders.server_of(row)
        return server.port if server else None
    return row.subject.port if isinstance(row.subject, ServiceView) else None


def _up(row: Row, facts: Facts) -> float | None:
    started = words.started_at(holders.server_of(row))
    return None if started is None else facts.now - started


def _since(row: Row, facts: Facts) -> float | None:
    at = since(row.subject) if isinstance(row.subject, ServiceView) else None
    return None if at is None else facts.now - at


def _state(row: Row, _facts: Facts) -> float | None:
    if isinstance(row.subject, ServiceView):
        return words.state_of(row.subject).severity
    return row.subject.connections if isinstance(row.subject, Other) else None


def _latency(row: Row, _facts: Facts) -> float | None:
    return row.subject.health.latency_ms if isinstance(row.subject, ServiceView) else None


def _connections(row: Row, _facts: Facts) -> float | None:
    server = holders.server_of(row)
    return server.connections if server else None


def _pid(row: Row, _facts: Facts) -> float | None:
    server = holders.server_of(row)
    return server.pid if server else None


def _used(row: Row, _facts: Facts) -> float | None:
    return row.subject.use.used if isinstance(row.subject, RangeLine) else None


def _priority(row: Row, _facts: Facts) -> float | None:
    return row.subject.use.priority if isinstance(row.subject, RangeLine) else None


def _first_port(row: Row, _facts: Facts) -> float | None:
    return row.subject.use.ports.first if isinstance(row.subject, RangeLine) else None


def _time(row: Row, _facts: Facts) -> float | None:
    return row.subject.event.at if isinstance(row.subject, EventLine) else None


_NUMBERS: Mapping[Column, Callable[[Row, Facts], float | None]] = {
    Column.PORT: _port,
    Column.UP: _up,
    Column.SINCE: _since,
    Column.STATE: _state,
    Column.TREND: _latency,
    Column.CONN: _connections,
    Column.PID: _pid,
    Column.USED: _used,
    Column.PRIO: _priority,
    Column.PORTS: _first_port,
    Column.TIME: _time,
}
