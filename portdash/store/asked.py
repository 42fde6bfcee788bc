"""Requests to supervisors as JSON, and back: there is mostly none."""

from portdash.model.requests import Request, RequestKind
from portdash.store.codec import Json, key_columns, key_from
from portdash.store.fields import Fields, Undecodable, text, word_of

_KINDS = {each.value: each for each in RequestKind}


def question_body(request: Request) -> Json:
    """Return what is asked, but for the request's id and its answer."""
    body: Json = {
        "key": list(key_columns(request.key)),
        "kind": request.kind.value,
        "token": request.token,
        "actor": request.actor,
        "at": float(request.at),
        "deadline": float(request.deadline),
    }
    return body if request.port is None else {**body, "port": request.port}


def request_body(request: Request) -> Json:
    """Return a request but for its id."""
    answer = {"answer": request.answer, "ok": request.ok}
    return {**question_body(request), **{name: value for name, value in answer.items() if value is not None}}


def request_from(identity: str, body: Fields, *, answer: object = None, ok: bool | None = None) -> Request:
    """Return the request that an id and a body stand for; `answer` and `ok`, where they are not in the body."""
    said = body.any("answer") if answer is None else answer
    flag = body.any("ok") if ok is None else ok
    if type(flag) not in (bool, type(None)):
        raise Undecodable("an answer is no truth")
    request = Request(
        id=identity,
        key=key_from(body.list("key", text)),
        kind=word_of(_KINDS, body.any("kind"), "a kind of request"),
        port=body.optional_port("port"),
        token=body.text("token"),
        actor=body.text("actor"),
        at=body.moment("at"),
        deadline=body.moment("deadline"),
        answer=None if said is None else text(said),
        ok=flag if isinstance(flag, bool) else None,
    )
    body.done()
    return request
