"""Options of a kind that they cannot be: one clear error where the client is made, and none in its first request."""

import math
from collections.abc import Callable

import httpx
import pytest

import portdash
from portdash.discovery.async_transport import AsyncFailoverTransport
from portdash.discovery.balancer import LoadBalancer
from portdash.errors import UsageError

URL = "http://127.0.0.1:9"
FACES = (portdash.Client, portdash.AsyncClient)
TRANSPORTS = (portdash.FailoverTransport, AsyncFailoverTransport)
SECONDS = ["x", "5s", True, -1, math.nan, math.inf, [1, 2], ("a", "b", "c", "d"), (1,), object(), {"connect": 1}]
OURS = [
    ("policy", ["first"]), ("policy", 3), ("weights", 3), ("weights", [1]), ("weights", {"a": 1}),
    ("weights", {8080: "x"}), ("weights", {8080: 1.5}), ("weights", {8080: True}), ("retry_unsafe", "no"),
    ("retry_unsafe", None), ("max_retries", True), ("metrics", 3), ("metrics", portdash.Metrics), ("logger", "x"),
    ("source", 3), ("source", "x"), ("workspace", 3), ("environment", ["a"]), ("pick", 3), ("max_retry", 3),
]  # fmt: skip
THEIRS = [*(("timeout", each) for each in SECONDS), ("max_redirects", "x"), ("cookies", 3), ("base_url", None)]


@pytest.mark.parametrize("make", FACES)
@pytest.mark.parametrize(("option", "value"), [*OURS, *THEIRS, ("transport", 3), ("transport", httpx.HTTPTransport)])
def test_a_client_is_not_made_with_it(make: Callable[..., object], option: str, value: object):
    with pytest.raises(UsageError) as raised:
        make("api", url=None if option in ("workspace", "environment", "source") else URL, **{option: value})
    assert option in raised.value.message
    assert "\n" not in raised.value.message
    assert raised.value.hint


@pytest.mark.parametrize("make", TRANSPORTS)
@pytest.mark.parametrize(("option", "value"), OURS)
def test_nor_is_a_transport(make: Callable[..., object], option: str, value: object):
    with pytest.raises(UsageError, match=option):
        make("api", url=None if option in ("workspace", "environment", "source") else URL, **{option: value})


def test_a_transport_of_the_other_kind_is_none():
    with pytest.raises(UsageError, match="transport"):
        portdash.Client("api", url=URL, transport=httpx.AsyncHTTPTransport())
    with pytest.raises(UsageError, match="transport"):
        portdash.AsyncClient("api", url=URL, transport=httpx.HTTPTransport())  # type: ignore[arg-type]


def test_what_was_probably_meant_is_said():
    with pytest.raises(UsageError) as raised:
        portdash.Client("api", url=URL, time_out=3)
    assert (raised.value.message, raised.value.hint) == ("time_out= is no option here", "did you mean timeout?")


def test_mounts_look_at_their_options_at_once():
    with pytest.raises(UsageError, match="timeout"):
        portdash.mounts(timeout=3)  # type: ignore[call-arg]  that is httpx's, which holds the mounts
    with pytest.raises(UsageError, match="retry_unsafe"):
        portdash.mounts(retry_unsafe="no")  # type: ignore[arg-type]


@pytest.mark.parametrize("instances", [3, "api", [3], None])
def test_a_balancer_picks_among_instances(instances: object):
    with pytest.raises(UsageError, match="instances"):
        LoadBalancer(instances)  # type: ignore[arg-type]


@pytest.mark.parametrize("timeout", [None, 0, 3, 2.5, (1, 2), (1, None, None, 2), httpx.Timeout(5.0, connect=1.0)])
def test_what_httpx_can_use_is_passed_on(timeout: object):
    with portdash.Client("api", url=URL, timeout=timeout, max_redirects=0, cookies={"a": "b"}) as client:
        assert client.timeout == httpx.Timeout(timeout)  # type: ignore[arg-type]
