"""The headers that a web page, a name of the attacker's, or a program of another origin would send: on every route.

What each combination deserves is worked out here a second time, in the words of the contract.
"""

import itertools

import pytest
from asgi import BEARER, HOST, PORT, TOKEN, Answer, Header, application, ask, routes
from litestar import Litestar

ROUTES = routes(application())
OWN_HOSTS = (f"localhost:{PORT}", f"127.0.0.1:{PORT}", f"[::1]:{PORT}")
HOSTS: dict[str, tuple[str, ...]] = {
    "none": (),
    "twice": (OWN_HOSTS[0], OWN_HOSTS[0]),
    "own and foreign": (OWN_HOSTS[0], "evil.example"),
    **{
        host or "empty": (host,)
        for host in (
            *OWN_HOSTS, "", "localhost", f"localhost.:{PORT}", f"LOCALHOST:{PORT}", f"localhost:{PORT + 1}",
            f"localhost:0{PORT}", "evil.example", f"evil.example:{PORT}", f"localhost.evil.example:{PORT}",
            f"evil.example:{PORT}@localhost:{PORT}", f"me@localhost:{PORT}", f"localhost:{PORT}, evil.example",
            f"localhost:{PORT}/", f"http://localhost:{PORT}", f"0.0.0.0:{PORT}", f"127.1:{PORT}", f"127.0.0.2:{PORT}",
            f"2130706433:{PORT}", f"[::]:{PORT}", f"[::ffff:127.0.0.1]:{PORT}", f"localhost:{PORT}\x00",
            f"localh\xf6st:{PORT}",
        )
    },
}  # fmt: skip
ORIGINS: dict[str, tuple[str, ...]] = {
    "none": (),
    "twice": (f"http://{OWN_HOSTS[0]}", f"http://{OWN_HOSTS[0]}"),
    **{
        origin or "empty": (origin,)
        for origin in (
            *(f"http://{host}" for host in OWN_HOSTS), "", "null", "http://evil.example", f"https://localhost:{PORT}",
            f"http://localhost:{PORT + 1}", "http://localhost", f"http://localhost:{PORT}.evil.example",
            f"http://localhost:{PORT}/", f"http://localhost:{PORT} http://evil.example", "file://",
            "chrome-extension://abcdefgh",
        )
    },
}  # fmt: skip
SITES: dict[str, tuple[str, ...]] = {
    "absent": (),
    "twice": ("none", "cross-site"),
    **{site or "empty": (site,) for site in ("none", "same-origin", "", "same-site", "cross-site", "None", "x")},
}
METHODS = ("GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "FETCH", "")
TYPES: dict[str, tuple[str, ...]] = {
    "none": (),
    "twice": ("application/json", "text/plain"),
    **{
        kind or "empty": (kind,)
        for kind in (
            "application/json", "application/json; charset=utf-8", "Application/JSON", "", "text/plain", "text/json",
            "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx",
            "application/json; charset=utf-7", "application/json, text/plain", "application/problem+json",
        )
    },
}  # fmt: skip
TOKENS: dict[str, tuple[str, ...]] = {
    "none": (),
    "twice": (f"Bearer {TOKEN}", f"Bearer {TOKEN}"),
    **{
        said or "empty": (said,)
        for said in (
            f"Bearer {TOKEN}", f"bearer {TOKEN}", "", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x",
            f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN.upper()}", f"Bearer {TOKEN} {TOKEN}", f"Bearer {TOKEN}\x00",
            "Bearer " + "x" * 4000,
        )
    },
}  # fmt: skip
GATE = {421, 405, 403, 401, 415}
QUIET = ("/docs", "/openapi.json")
"""What says nothing of this machine."""
LISTS = (
    "/api/ports", "/api/health", "/api/v1/port-management/allocations", "/api/v1/port-management/utilization",
    "/api/v1/port-management/conflicts", "/api/v1/discovery/services",
)  # fmt: skip


def deserved(
    method: str,
    path: str,
    *,
    host: tuple[str, ...] = (OWN_HOSTS[0],),
    origin: tuple[str, ...] = (),
    site: tuple[str, ...] = (),
    token: tuple[str, ...] = (f"Bearer {TOKEN}",),
    kind: tuple[str, ...] = (),
    open_read: bool = False,
) -> int | None:
    """Return the status that a request deserves before any route sees it; None where it may come in."""
    if host not in {(each,) for each in OWN_HOSTS}:
        return 421
    if method not in ("GET", "HEAD", "POST", "DELETE"):
        return 405
    if origin and origin not in {(f"http://{each}",) for each in OWN_HOSTS}:
        return 403
    if site and site not in {("none",), ("same-origin",)}:
        return 403
    is_quiet = method in ("GET", "HEAD") and (path in QUIET or (open_read and path in LISTS))
    if not is_quiet and token not in {(f"Bearer {TOKEN}",), (f"bearer {TOKEN}",)}:
        return 401
    json = {("application/json",), ("application/json; charset=utf-8",), ("Application/JSON",)}
    return 415 if method not in ("GET", "HEAD") and kind and kind not in json else None


def headers(**given: tuple[str, ...]) -> list[Header]:
    """Return headers by their names; `a_b` is `a-b`."""
    return [(name.replace("_", "-"), value) for name, values in given.items() for value in values]


@pytest.fixture(scope="module", params=[False, True], ids=["token", "open-read"])
def app(request: pytest.FixtureRequest) -> Litestar:
    app = application(open_read=request.param)
    app.state["open_read"] = request.param
    return app


def check(answer: Answer, wanted: int | None, what: object) -> None:
    """See that an answer is the verdict that it should be, and safe whatever it is."""
    assert (answer.status if answer.status in GATE and answer.code else None) == wanted, (what, answer.status)
    assert answer.status < 500, what
    told = answer.headers
    assert not any(name.startswith("access-control") for name in told), what
    assert (told["x-content-type-options"], told["cache-control"], told["cross-origin-resource-policy"]) == (
        "nosniff", "no-store", "same-origin",
    )  # fmt: skip
    assert told["content-security-policy"].startswith("default-src 'none';")
    assert TOKEN.encode() not in answer.body


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_wrong_hosts_are_turned_away_whatever_else_they_say(app: Litestar, method: str, path: str):
    for (name, host), origin, token in itertools.product(
        HOSTS.items(), ((), (f"http://{OWN_HOSTS[0]}",), ("http://evil.example",)), ((f"Bearer {TOKEN}",), ())
    ):
        wanted = deserved(method, path, host=host, origin=origin, token=token, open_read=app.state["open_read"])
        if wanted is None:
            continue
        answer = await ask(app, method, path, headers(host=host, origin=origin, authorization=token))
        check(answer, wanted, (name, origin, token))


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_pages_of_other_origins_are_turned_away(app: Litestar, method: str, path: str):
    for (origin_name, origin), (site_name, site) in itertools.product(ORIGINS.items(), SITES.items()):
        wanted = deserved(method, path, origin=origin, site=site)
        if wanted is None:
            continue
        answer = await ask(app, method, path, [HOST, BEARER, *headers(origin=origin, sec_fetch_site=site)])
        check(answer, wanted, (origin_name, site_name))


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_without_the_very_token_nothing_is_told(app: Litestar, method: str, path: str):
    for name, token in TOKENS.items():
        wanted = deserved(method, path, token=token, open_read=app.state["open_read"])
        if wanted is None:
            continue
        answer = await ask(app, method, path, [HOST, *headers(authorization=token)])
        check(answer, wanted, name)
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("_method", "path"), ROUTES)
async def test_methods_that_nobody_needs_are_refused(app: Litestar, _method: str, path: str):
    for method in METHODS:
        if (wanted := deserved(method, path)) is not None:
            answer = await ask(app, method, path, [HOST, BEARER, ("access-control-request-method", "POST")])
            check(answer, wanted, method)
            assert "OPTIONS" not in answer.headers["allow"]


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[0] != "GET"])
async def test_writes_are_json_or_nothing(app: Litestar, method: str, path: str):
    before = app.state["core"].deps.store.snapshot().revision
    for (name, kind), encoding in itertools.product(TYPES.items(), ((), ("gzip",), ("identity",))):
        wanted = 415 if encoding and kind else deserved(method, path, kind=kind)
        if wanted is None:
            continue
        asked = [HOST, BEARER, ("content-length", "2"), *headers(content_type=kind, content_encoding=encoding)]
        check(await ask(app, method, path, asked, b"{}"), wanted, (name, encoding))
    assert app.state["core"].deps.store.snapshot().revision == before


@pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "GET" and path != "/api/v1/events"])
async def test_what_may_come_in_does(app: Litestar, path: str):
    for host, site in itertools.product(OWN_HOSTS, ((), ("none",), ("same-origin",))):
        asked = headers(host=(host,), sec_fetch_site=site, origin=(f"http://{host}",) if site else ())
        answer = await ask(app, "GET", path, [*asked, BEARER])
        check(answer, None, (host, site))
        assert answer.status in ((404, 422) if "3000" in path else (200,)), (path, answer.body)
        if app.state["open_read"] and path in LISTS:
            assert (await ask(app, "GET", path, asked)).status == 200


SPELLINGS = ("/api/ports/", "//api/ports", "/api//ports", "/docs/", "//docs", "/metrics/", "//openapi.json")
"""What the framework takes for a route that there is, and the gate for none."""
PATHS = (
    "/nosuch", "/", "//", "/api", "/api/", "/./api/ports", "/API/PORTS", "/api/ports/../../metrics", "/api/ports/..",
    "/../etc/passwd", "/api/ports\x00", "/api/ports%00", "/docs/../api/ports", "/openapi.json/..", "/api/ports;x=1",
    "/api\\ports", "/api/v1/discovery/services/../x", "/api/v1/discovery/services/%2e%2e/health",
    "/api/v1/discovery/services/\x1b[2J/health", "api/ports", "", "/api/v1/discovery/services/web/x/health/more",
    "/api/v1/port-management/release/" + "9" * 5000, "/" + "a/" * 4000, "http://localhost:8081/api/ports",
    "/api/v1/discovery/services/\udc80/health", "/\u202e", "*",
)  # fmt: skip


async def test_path_tricks_reach_nothing(app: Litestar):
    for path, token in itertools.product(PATHS, ((f"Bearer {TOKEN}",), ())):
        answer = await ask(app, "GET", path, [HOST, *headers(authorization=token)])
        assert answer.status in ((400, 404, 405, 422) if token else (400, 401)), (path, answer.status)
        assert answer.code, path
        assert answer.body.decode().isprintable(), path


async def test_no_spelling_of_a_path_goes_past_the_token(app: Litestar):
    for path in SPELLINGS:
        assert (await ask(app, "GET", path, [HOST])).status == 401, path
        assert (await ask(app, "GET", path, [HOST, BEARER])).status in (200, 404), path


async def test_a_websocket_is_not_offered(app: Litestar):
    sent = []

    async def send(message: object) -> None:
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    scope = {
        "type": "websocket", "path": "/api/ports", "headers": [], "query_string": b"", "state": {}, "asgi": {},
        "server": ("127.0.0.1", PORT), "subprotocols": [],
    }  # fmt: skip
    await app(scope, receive, send)  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": None}]
