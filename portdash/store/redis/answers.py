"""What a script says of a batch, as the store's answer: the same words that the other back ends use."""

from portdash.model.assignment import ServiceKey
from portdash.model.storage import Applied, Ask, Batch, Claim, MarkUndone, Op, RecordWorkspace, Remove, TakeLease
from portdash.store import refusals
from portdash.store.codec import key_from
from portdash.store.fields import Fields, Undecodable, port, text, whole
from portdash.store.history import event_from
from portdash.store.redis.decoding import decode_json, decode_operation, number, parts_of, word


def applied(verdict: list[object]) -> Applied:
    """Return the answer for a batch that is stored, now or under its id before."""
    _, revision, record, *events = verdict
    operation = decode_operation(whole(revision), word(record))
    return Applied(operation, tuple(event_from(0, Fields.parse(word(each))) for each in events))


def detail(verdict: list[object], batch: Batch) -> str:
    """Return why a batch was refused."""
    _, place, reason, *more = verdict
    if not 0 < whole(place) <= len(batch.ops):
        raise Undecodable("a refusal is about no operation")
    op, rest = batch.ops[whole(place) - 1], [word(each) for each in more]
    found = _of_row(op, word(reason), rest) or _of_the_rest(op, word(reason), rest)
    if found is None:
        raise Undecodable("a refusal is not known here")
    return found


def _of_row(op: Op, reason: str, rest: list[str]) -> str | None:
    match op, reason:
        case Claim(), "owned":
            return _taken(op, refusals.owned_by(_key(rest)))
        case Claim(), "reserved":
            return _taken(op, refusals.RESERVED)
        case Claim() | Remove(), "gone":
            return refusals.gone(_name(op))
        case Claim() | Remove(), "moved":
            return refusals.moved(_name(op), port(number(_one(rest))))
        case Remove(), "gone already":
            return refusals.gone_already(op.key.service)
    return None


def _of_the_rest(op: Op, reason: str, rest: list[str]) -> str | None:
    match op, reason:
        case ((TakeLease() | Ask()), ("not leased" | "not run")):
            return _of_lease(op, reason)
        case RecordWorkspace(), "rooted":
            return refusals.rooted(op.workspace.root, _one(rest))
        case RecordWorkspace(), "named":
            return refusals.named(_one(rest))
        case MarkUndone(), "too long ago":
            return refusals.TOO_LONG_AGO
        case MarkUndone(), "undone":
            return refusals.undone_already(text(decode_json(_one(rest))))
    return None


def _of_lease(op: TakeLease | Ask, reason: str) -> str | None:
    match op, reason:
        case TakeLease(), "not leased":
            return refusals.not_leased(op.lease.key.service)
        case Ask(), "not run":
            return refusals.not_run(op.request.key.service)
    return None


def _taken(op: Claim, obstacle: str) -> str:
    first = op.options[0]
    return refusals.taken(first.name, first.port, obstacle)


def _name(op: Op) -> str:
    if isinstance(op, Claim):
        return op.options[0].name
    assert isinstance(op, Remove)
    return op.key.service


def _one(rest: list[str]) -> str:
    if len(rest) != 1:
        raise Undecodable("a refusal has not all its parts")
    return rest[0]


def _key(rest: list[str]) -> ServiceKey:
    return key_from(parts_of(decode_json(_one(rest))))
