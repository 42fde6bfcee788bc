"""What a batch must be before any store looks at it: whatever passes can be written, and read again."""

from portdash.errors import InvalidName, UsageError
from portdash.model.assignment import ServiceSpec
from portdash.model.names import check_service, check_workspace
from portdash.model.ports import check_port
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
from portdash.store.codec import check_key, check_word, spec_from, spec_json
from portdash.store.fields import Undecodable


def check_batch(batch: Batch) -> None:
    """Raise UsageError for names, ports and specs that cannot be stored, ValueError for a malformed claim."""
    for word in (batch.id, batch.workspace):
        check_word(word)
    for op in batch.ops:
        _check_op(op)


def _check_op(op: Op) -> None:
    match op:
        case Claim():
            _check_claim(op)
        case Remove() | DropLease():
            check_key(op.key)
        case TakeLease():
            check_key(op.lease.key)
        case RecordWorkspace():
            check_word(op.host)
            check_workspace(op.workspace.name)
        case RecordPlan():
            check_word(op.record.id)
            check_word(op.record.host)
            _check_ports(*(port for _, port in op.record.reserved))
        case RecordEvent():
            _check_ports(op.event.from_port, op.event.to_port)
        case MarkUndone():
            check_word(op.operation_id)
        case Ask():
            check_word(op.request.id)
            check_key(op.request.key)
            _check_ports(op.request.port)
        case Answer():
            check_word(op.request_id)


def _check_claim(claim: Claim) -> None:
    key = claim.options[0].key if claim.options else None
    if key is None or any(option.key is not key and option.key != key for option in claim.options):
        raise ValueError("a claim has at least one option, and all are of one service")
    check_key(key)
    for option in claim.options:
        check_port(option.port)
        if option.home is not None:
            check_port(option.home)
    for spec in {id(option.spec): option.spec for option in claim.options}.values():
        if check_service(spec.name).casefold() != key.service:
            raise InvalidName(f"{spec.name!r} is not the name of the service {key.service!r}")
        _check_spec(spec)


def _check_spec(spec: ServiceSpec) -> None:
    try:
        again = spec_from(spec_json(spec))
    except Undecodable as error:
        raise UsageError(f"what {spec.name} asks for cannot be stored: {error}") from error
    if again != spec:
        raise UsageError(f"what {spec.name} asks for would not be read as it was written")


def _check_ports(*ports: int | None) -> None:
    for port in ports:
        if port is not None:
            check_port(port)
