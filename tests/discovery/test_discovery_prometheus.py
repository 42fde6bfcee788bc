"""The collector for Prometheus: what it tells is what the library's own reader reads."""

import sys

import pytest

from portdash.discovery.instance import Instance
from portdash.discovery.metrics import recorder_for
from portdash.discovery.prometheus import PrometheusMetrics
from portdash.errors import UsageError
from portdash.model.health import Health

API = Instance(service="api", url="http://localhost:8080", port=8080, health=Health())


def test_what_clients_did_is_scraped():
    client = pytest.importorskip("prometheus_client")
    metrics, registry = PrometheusMetrics(), client.CollectorRegistry()
    registry.register(metrics)
    api, db = recorder_for(metrics, "api"), recorder_for(metrics, 'd"b')
    assert api is metrics.of("api")
    api.found(2)
    api.failover(API, API)
    for seconds in (0.0009, 0.05, 9.0):
        api.attempt(API, seconds, True)
    api.attempt(API, 1.0, False)
    db.found(0)

    def value(name: str, **labels: str) -> float | None:
        found: float | None = registry.get_sample_value(f"portdash_{name}", {"service": "api", **labels})
        return found

    assert value("instances") == 2
    assert value("failovers_total") == 1
    assert value("requests_total", port="8080", outcome="ok") == 3
    assert value("requests_total", port="8080", outcome="failed") == 1
    assert value("request_duration_seconds_bucket", le="0.001") == 1
    assert value("request_duration_seconds_bucket", le="0.05") == 2
    assert value("request_duration_seconds_bucket", le="+Inf") == value("request_duration_seconds_count") == 3
    assert value("request_duration_seconds_sum") == pytest.approx(9.0509)
    assert value("discovery_total", result="found") == 1
    assert registry.get_sample_value("portdash_discovery_total", {"service": 'd"b', "result": "none"}) == 1
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415  see above

    text = client.generate_latest(registry).decode()
    assert {each.name for each in text_string_to_metric_families(text)} == {
        f"portdash_{name}" for name in ("instances", "failovers", "requests", "request_duration_seconds", "discovery")
    }


def test_without_the_library_it_says_what_brings_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(UsageError) as caught:
        PrometheusMetrics()
    assert "portdash[api]" in str(caught.value.hint)
