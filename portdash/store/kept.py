"""Plans at work as JSON, and back: the rows of which a store mostly has none."""

from portdash.model.kept import PlanRecord, PlanState
from portdash.model.ports import IpProtocol
from portdash.store.codec import PROTOCOLS, Json
from portdash.store.fields import Fields, Undecodable, port, text, word_of

_PLAN_STATES = {each.value: each for each in PlanState}


def plan_body(record: PlanRecord) -> Json:
    """Return a plan but for its id and host."""
    body: Json = {
        "workspace": record.workspace,
        "title": record.title,
        "state": record.state.value,
        "pid": record.pid,
        "started": record.started,
        "boot": record.boot_id,
        "reserved": [[protocol.value, number] for protocol, number in record.reserved],
    }
    return body if record.operation is None else {**body, "operation": record.operation}


def plan_from(identity: str, host: str, body: Fields) -> PlanRecord:
    """Return the plan that columns and body stand for."""
    record = PlanRecord(
        id=identity,
        host=host,
        workspace=body.text("workspace"),
        title=body.text("title"),
        state=word_of(_PLAN_STATES, body.any("state"), "a state of a plan"),
        pid=body.whole("pid"),
        started=body.whole("started"),
        boot_id=body.text("boot"),
        operation=body.optional_text("operation"),
        reserved=body.list("reserved", _slot_from),
    )
    body.done()
    return record


def _slot_from(value: object) -> tuple[IpProtocol, int]:
    if type(value) is not list or len(value) != 2:
        raise Undecodable("a reserved port is not protocol and number")
    return word_of(PROTOCOLS, text(value[0]), "a protocol"), port(value[1])
