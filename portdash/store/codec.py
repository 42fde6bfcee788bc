"""Assignments and what belongs to them as JSON, and back. Defaults are left out; reading raises Undecodable."""

from collections.abc import Sequence
from functools import lru_cache, partial

from portdash.errors import InvalidName
from portdash.model.assignment import Assignment, Match, Reason, ServiceKey, ServiceSpec, Source, Verdict
from portdash.model.names import check_service, check_workspace
from portdash.model.ports import IpProtocol
from portdash.store.fields import (
    Fields,
    Readers,
    Undecodable,
    checked,
    flag,
    list_of,
    moment,
    port,
    port_range,
    read_all,
    text,
    whole,
    word_of,
)

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


@lru_cache(maxsize=256)
def _check_place(host: str, user: str, workspace: str, environment: str) -> None:
    """Raise InvalidName for what cannot stand in a key. Thousands of rows have the few same."""
    for word in (host, user, environment):
        check_word(word)
    check_workspace(workspace)


def check_key(key: ServiceKey) -> ServiceKey:
    """Return `key` if every part of it can be stored. Raises InvalidName."""
    _check_place(key.host, key.user, key.workspace, key.environment)
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
    host, user, workspace, environment, service, protocol = parts
    if not type(host) is type(user) is type(workspace) is type(environment) is type(service) is str:
        raise Undecodable("a text is missing")
    key = ServiceKey(host, user, workspace, environment, service, word_of(PROTOCOLS, protocol, "a protocol"))
    try:
        return check_key(key)
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
    rest = body.rest(BODY, needed=("spec", "assigned_at", "actor"))
    return Assignment(key=key, port=number, source=source, revision=revision, **rest)


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
    return ServiceSpec(**read_all(value, _SPEC, needed=("name",)))


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


_SPEC: Readers = {
    "name": ("name", partial(checked, check_service)),
    "type": ("type", text),
    "purpose": ("purpose", text),
    "protocol": ("protocol", lambda value: word_of(PROTOCOLS, value, "a protocol")),
    "preferred": ("preferred", list_of(port)),
    "base": ("base", port),
    "range": ("range", port_range),
    "exclude": ("exclude", lambda value: frozenset(list_of(port)(value))),
    "env": ("env", text),
    "inherit_from": ("inherit_from", text),
    "conflicts_with": ("conflicts_with", list_of(text)),
    "priority": ("priority", whole),
    "pin": ("pin", flag),
    "match": ("match", _match_from),
}
BODY: Readers = {
    "spec": ("spec", spec_from),
    "at": ("assigned_at", moment),
    "actor": ("actor", text),
    "attempts": ("attempts", whole),
    "reasons": ("reasons", list_of(_reason_from)),
    "home": ("home", port),
}
"""What of a row does not stand in columns of its own."""
