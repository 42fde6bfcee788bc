"""Assignments and what belongs to them as JSON, and back. Defaults are left out; reading raises Undecodable."""

from collections.abc import Sequence
from functools import lru_cache

from portdash.errors import InvalidName
from portdash.model.assignment import Assignment, Match, Reason, ServiceKey, ServiceSpec, Source, Verdict
from portdash.model.names import check_service, check_workspace
from portdash.model.ports import IpProtocol
from portdash.store.fields import Fields, Undecodable, checked, port, port_range, text, word_of

Json = dict[str, object]

PROTOCOLS = {each.value: each for each in IpProtocol}
_SOURCES = {each.value: each for each in Source}
_VERDICTS = {each.value: each for each in Verdict}
LONGEST_WORD = 255


def check_word(word: str) -> str:
    """Return `word` if it can stand in a key: printable, not empty, not endless. Raises InvalidName."""
    if not (word.isprintable() and 0 < len(word) <= LONGEST_WORD):
        raise InvalidName(f"{word[:80]!r} is not a name", hint="a name is 1 to 255 printable characters")
    return word


def check_key(key: ServiceKey) -> ServiceKey:
    """Return `key` if every part of it can be stored. Raises InvalidName."""
    for word in (key.host, key.user, key.environment):
        check_word(word)
    check_workspace(key.workspace)
    check_service(key.service)
    if key.service != key.service.casefold():
        raise InvalidName(f"{key.service!r} is not the name without regard to case")
    return key


def key_columns(key: ServiceKey) -> tuple[str, str, str, str, str, str]:
    """Return the parts of a key in the order of the columns."""
    return key.host, key.user, key.workspace, key.environment, key.service, key.protocol.value


def key_from(parts: Sequence[object]) -> ServiceKey:
    """Return the key that six columns stand for."""
    if len(parts) != 6:
        raise Undecodable("a key has six parts")
    host, user, workspace, environment, service = map(text, parts[:5])
    try:
        return check_key(
            ServiceKey(host, user, workspace, environment, service, word_of(PROTOCOLS, parts[5], "a protocol"))
        )
    except InvalidName as error:
        raise Undecodable(error.message) from error


def source_from(value: object) -> Source:
    """Return the source that a column stands for."""
    return word_of(_SOURCES, value, "a source")


def assignment_body(row: Assignment) -> Json:
    """Return what of a row does not stand in columns of its own."""
    body: Json = {"spec": spec_json(row.spec), "at": row.assigned_at, "actor": row.actor}
    if row.attempts != 1:
        body["attempts"] = row.attempts
    if row.reasons:
        body["reasons"] = [[each.port, each.verdict.value, each.holder] for each in row.reasons]
    if row.home is not None:
        body["home"] = row.home
    return body


def assignment_from(key: ServiceKey, number: int, source: Source, revision: int, body: Fields) -> Assignment:
    """Return the row that columns and body stand for."""
    row = Assignment(
        key=key,
        spec=spec_from(body.any("spec")),
        port=number,
        source=source,
        attempts=body.whole("attempts", 1),
        reasons=body.list("reasons", _reason_from),
        home=body.optional_port("home"),
        assigned_at=body.moment("at"),
        actor=body.text("actor"),
        revision=revision,
    )
    body.done()
    return row


def spec_json(spec: ServiceSpec) -> Json:
    """Return what a service asks for."""
    values: Json = {
        "name": spec.name,
        "type": spec.type,
        "purpose": spec.purpose or None,
        "protocol": None if spec.protocol is IpProtocol.TCP else spec.protocol.value,
        "preferred": list(spec.preferred) or None,
        "base": spec.base,
        "range": [spec.range.first, spec.range.last] if spec.range else None,
        "exclude": sorted(spec.exclude) or None,
        "env": spec.env,
        "inherit_from": spec.inherit_from,
        "conflicts_with": list(spec.conflicts_with) or None,
        "priority": spec.priority,
        "pin": spec.pin or None,
        "match": _match_json(spec.match) if spec.match else None,
    }
    return {name: value for name, value in values.items() if value is not None}


def spec_from(value: object) -> ServiceSpec:
    """Return the spec that a JSON object stands for."""
    fields = Fields(value)
    span, match = fields.any("range"), fields.any("match")
    spec = ServiceSpec(
        name=checked(check_service, fields.text("name")),
        type=fields.optional_text("type"),
        purpose=fields.text("purpose", ""),
        protocol=word_of(PROTOCOLS, fields.text("protocol", "tcp"), "a protocol"),
        preferred=fields.list("preferred", port),
        base=fields.optional_port("base"),
        range=None if span is None else port_range(span),
        exclude=frozenset(fields.list("exclude", port)),
        env=fields.optional_text("env"),
        inherit_from=fields.optional_text("inherit_from"),
        conflicts_with=fields.list("conflicts_with", text),
        priority=fields.optional_whole("priority"),
        pin=fields.flag("pin"),
        match=None if match is None else _match_from(match),
    )
    fields.done()
    return spec


def _reason_from(value: object) -> Reason:
    if type(value) is not list or len(value) != 3:
        raise Undecodable("a reason has three parts")
    try:
        return _reason(*value)
    except TypeError as error:  # what has no hash is neither a number nor a text
        raise Undecodable("a reason has odd parts") from error


@lru_cache(maxsize=4096, typed=True)
def _reason(number: object, verdict: object, holder: object) -> Reason:
    """Return the same reason for the same parts: services that searched one range tell of the same ports."""
    if number is not None and type(number) is not int:  # an override such as PORT=70000 is kept as it was
        raise Undecodable("a reason is about no port")
    return Reason(number, word_of(_VERDICTS, verdict, "a verdict"), None if holder is None else text(holder))


def _match_json(match: Match) -> Json:
    values: Json = {
        "process": match.process,
        "command": match.command,
        "directory": match.directory,
        "unit": match.unit,
    }
    return {name: value for name, value in values.items() if value is not None}


def _match_from(value: object) -> Match:
    fields = Fields(value)
    match = Match(
        process=fields.optional_text("process"),
        command=fields.optional_text("command"),
        directory=fields.optional_text("directory"),
        unit=fields.optional_text("unit"),
    )
    fields.done()
    return match
