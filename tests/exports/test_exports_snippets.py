"""Ready-made lines are what their readers take."""

import json
from dataclasses import replace

import pytest
import yaml
from export_rows import CLASSIC, row

import portdash
from portdash.errors import NoSuchService
from portdash.exports.compose_file import published_ports
from portdash.exports.snippets import SNIPPETS, Services, snippet
from portdash.model.assignment import Assignment
from portdash.model.ports import IpProtocol

WEB, API, HMR = row("web", 5000), row("api", 3000), row("vite-hmr", 24678)


def lines(kind: str, *rows: Assignment, asked: Assignment | None = None) -> str:
    return "\n".join(snippet(kind, Services(rows or (API, WEB, HMR), asked)))


@pytest.mark.parametrize("kind", SNIPPETS)
def test_each_kind_names_a_port_or_the_command_that_knows_it(kind: str):
    text = lines(kind)
    assert "portdash" in text or any(str(each.port) in text for each in (WEB, API, HMR))


def test_vite_takes_the_page_and_the_hot_reload():
    text = lines("vite")
    assert "port: Number(process.env.WEB_PORT ?? 5000)" in text
    assert "strictPort: true" in text
    assert "hmr: { port: Number(process.env.VITE_HMR_PORT ?? 24678) }" in text
    assert "hmr" not in lines("vite", WEB)
    assert "process.env.API_PORT ?? 3000" in lines("vite", asked=API)


def test_the_proxy_goes_to_the_api_or_the_one_named():
    assert 'target: process.env.API_TARGET ?? "http://localhost:3000"' in lines("vite-proxy")
    assert "target: `http://localhost:${process.env.WEB_PORT ?? 5000}`" in lines("vite-proxy", asked=WEB)
    with pytest.raises(NoSuchService, match="api"):
        lines("vite-proxy", WEB)


def test_compose_is_yaml_that_our_own_check_can_read():
    text = lines("compose", *CLASSIC)
    assert list(yaml.safe_load(text)["services"]) == [each.name for each in CLASSIC]
    found = {each.service: (each.host, each.container) for each in published_ports(text, name="f")}
    assert found["postgres"] == ("${POSTGRES_PORT:-4001}", "5432")
    assert found["http-server"] == ("${HTTP_SERVER_PORT:-4000}", "4000")
    assert list(yaml.safe_load(lines("compose", asked=WEB))["services"]) == ["web"]


def test_compose_gets_names_that_it_takes_and_the_ports_of_instances_as_of_their_service():
    dns = replace(row("dns", 5353), key=replace(row("dns", 5353).key, protocol=IpProtocol.UDP))
    text = lines("compose", row("redis", 4001), row("redis@2", 4002), row("on", 4003), row("Null", 4004), dns)
    found = yaml.safe_load(text)["services"]
    assert list(found) == ["redis", "redis-2", "on", "Null", "dns"]
    assert found["redis-2"]["ports"] == ["127.0.0.1:${REDIS_2_PORT:-4002}:6379"]
    assert found["dns"]["ports"] == ["127.0.0.1:${DNS_PORT:-5353}:5353/udp"]


def test_npm_is_json_and_python_is_python():
    assert "portdash get web" in json.loads(lines("npm"))["scripts"]["dev"]
    compile(lines("python"), "snippet", "exec")


def test_the_module_in_place_of_another_port_manager_has_what_that_had():
    module: dict[str, object] = {}
    exec(lines("port-manager"), module)  # noqa: S102  it is what we print
    assert module["get_port"] is portdash.get_port
    assert all(module[name] is getattr(portdash, name) for name in module["__all__"])
