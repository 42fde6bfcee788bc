from dataclasses import replace

import pytest

from portdash.api.gate import MOST_BODY, MOST_HEAD, OPEN_READ, Facts, Rules, decide, own_hosts

HOST = "localhost:8081"
RULES = Rules(hosts=own_hosts(8081), is_token="right".__eq__)
GOOD = Facts(method="GET", path="/api/v1/port-management/allocations", hosts=(HOST,), authorizations=("Bearer right",))
WRITE = replace(
    GOOD,
    method="POST",
    path="/api/v1/port-management/allocate",
    content_types=("application/json",),
    content_lengths=("2",),
)


def verdict(facts: Facts, rules: Rules = RULES) -> int | None:
    denial = decide(facts, rules)
    return denial.status.value if denial else None


@pytest.mark.parametrize("host", sorted(own_hosts(8081)))
def test_each_name_of_the_server_may_be_asked(host: str):
    assert verdict(replace(GOOD, hosts=(host,), origins=(f"http://{host}",), fetch_sites=("same-origin",))) is None
    assert verdict(replace(WRITE, hosts=(host,))) is None


@pytest.mark.parametrize(
    "hosts",
    [
        (), ("evil.example",), ("evil.example:8081",), ("localhost",), ("localhost:8082",), ("localhost:8081.",),
        ("localhost.:8081",), ("LOCALHOST:8081",), ("127.0.0.1",), ("0.0.0.0:8081",), ("127.1:8081",), ("[::]:8081",),
        ("user@localhost:8081",), ("localhost:8081@evil.example",), ("http://localhost:8081",), ("localhost:08081",),
        (HOST, HOST), (HOST, "evil.example"), ("",), ("localhost:8081, evil",), ("localhost:8081\tx",),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/ports", "/docs", "/openapi.json", "/nowhere", "/", "http://localhost:8081/"])
def test_any_other_host_is_refused_before_anything_else(hosts: tuple[str, ...], path: str):
    for method in ("GET", "OPTIONS", "TRACE", "POST"):
        facts = replace(GOOD, hosts=hosts, path=path, method=method, head_size=MOST_HEAD + 1, origins=("null",))
        assert verdict(facts) == 421
    assert verdict(replace(GOOD, hosts=hosts, path=path), replace(RULES, open_read=True)) == 421


def test_a_unix_socket_is_called_localhost():
    rules = replace(RULES, hosts=own_hosts(None))
    assert verdict(replace(GOOD, hosts=("localhost",)), rules) is None
    assert verdict(GOOD, rules) == 421


def test_port_80_may_be_left_out():
    assert verdict(replace(GOOD, hosts=("localhost",)), replace(RULES, hosts=own_hosts(80))) is None


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"origins": ("null",)}, 403),
        ({"origins": ("http://evil.example",)}, 403),
        ({"origins": ("http://localhost:5173",)}, 403),
        ({"origins": ("https://localhost:8081",)}, 403),
        ({"origins": ("http://localhost:8081/",)}, 403),
        ({"origins": ("http://localhost:8081", "http://localhost:8081")}, 403),
        ({"fetch_sites": ("cross-site",)}, 403),
        ({"fetch_sites": ("same-site",)}, 403),
        ({"fetch_sites": ("none", "none")}, 403),
        ({"fetch_sites": ("anything",)}, 403),
        ({"method": "OPTIONS"}, 405),
        ({"method": "TRACE"}, 405),
        ({"method": "PUT"}, 405),
        ({"method": "head"}, 405),
        ({"method": "get"}, 405),
        ({"path": "http://localhost:8081/api/ports"}, 400),
        ({"path": "*"}, 400),
        ({"path": "/api/../docs"}, 400),
        ({"path": "/api/\0ports"}, 400),
        ({"head_size": MOST_HEAD + 1}, 431),
        ({"headers": 10_000}, 431),
        ({"authorizations": ()}, 401),
        ({"authorizations": ("right",)}, 401),
        ({"authorizations": ("Basic right",)}, 401),
        ({"authorizations": ("Bearer wrong",)}, 401),
        ({"authorizations": ("Bearer",)}, 401),
        ({"authorizations": ("Bearer right", "Bearer right")}, 401),
        ({"content_lengths": ("1", "1")}, 400),
        ({"content_lengths": ("1",), "transfer_encodings": ("chunked",)}, 400),
        ({"content_lengths": ("-1",)}, 400),
        ({"content_lengths": ("1e3",)}, 400),
        ({"content_lengths": ("٣",)}, 400),
        ({"content_lengths": (str(MOST_BODY + 1),)}, 413),
        ({"content_lengths": ("9" * 5000,)}, 413),
        ({"content_types": ()}, 415),
        ({"content_types": ("text/plain",)}, 415),
        ({"content_types": ("application/x-www-form-urlencoded",)}, 415),
        ({"content_types": ("multipart/form-data; boundary=x",)}, 415),
        ({"content_types": ("application/json; charset=utf-16",)}, 415),
        ({"content_types": ("application/json", "text/plain")}, 415),
        ({"content_types": ("application/jsonp",)}, 415),
        ({"content_encodings": ("gzip",)}, 415),
        ({"content_types": (), "transfer_encodings": ("chunked",), "content_lengths": ()}, 415),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_write_is_refused(wrong: dict[str, object], status: int):
    assert verdict(WRITE) is None
    assert verdict(replace(WRITE, **wrong)) == status  # type: ignore[arg-type]


def test_a_write_without_a_body_needs_no_type():
    assert verdict(replace(WRITE, content_types=(), content_lengths=())) is None
    assert verdict(replace(WRITE, content_types=(), content_lengths=("0",))) is None
    assert verdict(replace(WRITE, content_types=("Application/JSON; charset=UTF-8",))) is None


def test_nothing_is_said_of_a_body_to_who_has_no_token():
    assert verdict(replace(WRITE, authorizations=(), content_types=("text/plain",), content_lengths=("999999",))) == 401


@pytest.mark.parametrize("path", sorted(OPEN_READ))
def test_open_read_opens_lists_and_nothing_else(path: str):
    anonymous = replace(GOOD, path=path, authorizations=())
    rules = replace(RULES, open_read=True)
    assert verdict(anonymous) == 401
    assert verdict(anonymous, rules) is None
    assert verdict(replace(anonymous, origins=("http://evil.example",)), rules) == 403
    assert verdict(replace(anonymous, fetch_sites=("cross-site",)), rules) == 403
    for method in ("POST", "DELETE"):
        assert verdict(replace(anonymous, method=method), rules) == 401
    for other in (f"{path}/", f"{path}/x", f"/{path}", path.upper()):
        assert verdict(replace(anonymous, path=other), rules) == 401


def test_what_says_nothing_of_the_machine_needs_no_token():
    for path in ("/docs", "/openapi.json"):
        assert verdict(replace(GOOD, path=path, authorizations=())) is None
        assert verdict(replace(WRITE, path=path, authorizations=())) == 401


def test_a_refusal_says_what_to_do_and_repeats_nothing():
    for facts in (replace(GOOD, hosts=("evil.example",)), replace(GOOD, authorizations=("Bearer secret",))):
        denial = decide(facts, RULES)
        assert denial
        assert denial.hint
        assert "evil" not in "".join(denial[1:4])
        assert "secret" not in "".join(denial[1:4])


def test_who_may_get_something_may_ask_for_its_head():
    head = replace(GOOD, method="HEAD")
    assert verdict(head) is None
    assert verdict(replace(head, authorizations=())) == 401
    assert verdict(replace(head, authorizations=()), replace(RULES, open_read=True)) is None
    assert verdict(replace(head, path="/docs", authorizations=())) is None
    assert verdict(replace(head, origins=("null",))) == 403
    assert verdict(replace(head, hosts=("evil.example",))) == 421
