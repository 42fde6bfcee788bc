import pytest

from portdash.api.bodies import AllocateBody, ResolveBody, read_body
from portdash.errors import UsageError
from portdash.manager.asking import to_wish
from portdash.model.plan import Strategy
from portdash.model.ports import PortRange


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b'{"name": "web", "preferred": true}', "$.preferred"),
        (b'{"name": "web", "preferred": 3000.0}', "$.preferred"),
        (b'{"name": "web", "preferred": "3000"}', "$.preferred"),
        (b'{"name": "web", "preferred": 1e309}', "out of range"),
        (b'{"name": "web", "preferred": 70000}', "$.preferred"),
        (b'{"name": "web", "preferred": [0]}', "$.preferred"),
        (b'{"name": "web", "range": [5, 4]}', ""),
        (b'{"name": "web", "command": ["sh"]}', "command"),
        (b'{"name": "web", "env": "PATH"}', "env"),
        (b'{"name": "../web"}', "$.name"),
        (b'{"name": "web", "service_name": "api"}', "second time"),
        (b'{"name": null}', "$.name"),
        (b'{"name": "web", "name": "api"}', "twice"),
        (b'{"name": "web", "n\\u0061me": "api"}', "twice"),
        (b"{}", "no name"),
        (b"[]", "array"),
        (b"", "no name"),
        (b"nonsense", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b'{"name": "web"', "no JSON"),
        (b'{"a":' + b"[" * 60_000, "a"),
        (b'{"name": "web\\n"}', ""),
    ],
)  # fmt: skip
def test_a_body_is_read_strictly(body: bytes, part: str):
    with pytest.raises(UsageError) as raised:
        to_wish(read_body(body, AllocateBody).wish())
    assert part in raised.value.message


def test_a_wish_may_be_said_in_the_words_of_another_port_manager():
    ours = b'{"name": "web", "type": "ml", "preferred": [8085], "pin": true}'
    theirs = b'{"service_name": "web", "service_type": "ml", "preferred_port": 8085, "pin": true}'
    assert to_wish(read_body(ours, AllocateBody).wish()) == to_wish(read_body(theirs, AllocateBody).wish())


def test_what_is_not_said_is_not_wished():
    wish = to_wish(read_body(b'{"name": "shop/web@2", "range": [5000, 5010], "exclude": []}', AllocateBody).wish())
    assert (wish.name, wish.range, wish.exclude, wish.preferred, wish.pin) == (
        "shop/web@2", PortRange(5000, 5010), None, None, None,
    )  # fmt: skip


def test_no_body_asks_for_nothing_special():
    assert read_body(b"", ResolveBody) == ResolveBody()
    assert read_body(b'{"strategy": "aggressive"}', ResolveBody).strategy is Strategy.AGGRESSIVE
    for wrong in (b'{"strategy": "brutal"}', b'{"terminate": 1}', b'{"dry_run": "true"}', b'{"path": "/etc"}'):
        with pytest.raises(UsageError):
            read_body(wrong, ResolveBody)
