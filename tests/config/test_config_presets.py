"""The starter sets are project files like any other, and say what they are meant to say."""

from pathlib import Path

import pytest

from portdash.config.loading import check, load
from portdash.config.presets import PRESETS, preset_services, preset_text
from portdash.config.settings import Flags
from portdash.model.ports import PortRange


@pytest.mark.parametrize("name", PRESETS)
def test_each_is_a_project_file_without_a_mistake(name: str, home: Path):
    (home / "portdash.toml").write_text(preset_text(name))
    assert check(cwd=home, environ={}, flags=Flags(), home=home) == ()
    config = load(cwd=home, environ={}, flags=Flags(), home=home)
    assert config.warnings == ()
    assert tuple(each.spec for each in config.services) == preset_services(name, config.environment)
    assert all(each.spec.purpose for each in config.services)


def test_the_classic_seven_in_their_order():
    found = preset_services("classic", "development")
    assert [(each.name, each.purpose) for each in found] == [
        ("http-server", "Main HTTP Server"),
        ("postgres", "PostgreSQL Database"),
        ("mongo", "MongoDB Database"),
        ("redis", "Redis Cache (future)"),
        ("elasticsearch", "Elasticsearch (future)"),
        ("grafana", "Grafana Dashboard (future)"),
        ("prometheus", "Prometheus Metrics (future)"),
    ]
    assert [each.priority for each in found] == sorted(each.priority or 0 for each in found)


def test_the_gateways_six_with_type_and_preferred_port():
    found = {each.name: (each.type, each.preferred) for each in preset_services("gateway", "development")}
    assert found == {
        "legacy-typescript": ("legacy", (9999,)),
        "go-api-gateway": ("gateway", (8081,)),
        "python-vision": ("ml", (8000,)),
        "rust-vision-bridge": ("bridge", (8084,)),
        "rust-llm-router": ("microservice", (8082,)),
        "hrm-mlx-service": ("ml", (8085,)),
    }


def test_the_full_stack():
    found = {each.name: each for each in preset_services("fullstack", "development")}
    assert found["server"].preferred == (3000, 3001, 3002)
    assert found["server"].conflicts_with == ("client",)
    assert found["client"].preferred == (5173, 5174, 5175)
    assert found["client"].conflicts_with == ("server",)
    assert found["websocket"].inherit_from == "server"
    assert found["database"].preferred == (5432, 5433, 5434)
    assert found["redis"].preferred == (6379, 6380, 6381)
    assert found["monitoring"].preferred == (9090, 9091, 9092)


def test_typescript_by_environment():
    def ranges(environment: str) -> dict[str, PortRange | None]:
        return {each.name: each.range for each in preset_services("typescript", environment)}

    assert ranges("development") == {
        "web-server": PortRange(5000, 5100),
        "api-server": PortRange(3000, 3100),
        "vite-hmr": PortRange(24678, 24778),
    }
    assert ranges("production") == {"web-server": PortRange(5000, 5010), "api-server": PortRange(3000, 3010)}
    assert ranges("staging") == {}
    variables = [each.variable for each in preset_services("typescript", "development")]
    assert variables == ["WEB_SERVER_PORT", "API_SERVER_PORT", "VITE_HMR_PORT"]
