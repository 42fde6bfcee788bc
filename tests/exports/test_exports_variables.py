"""Which variables a workspace exports."""

import pytest
from export_rows import CLASSIC, row

from portdash.errors import InvalidName, UsageError
from portdash.exports.variables import Variable, all_variables, echoed, port_variables
from portdash.model.assignment import Assignment
from portdash.model.ports import IpProtocol


def exported(*rows: Assignment, next_port: int | None = None) -> dict[str, str]:
    return {each.name: each.value for each in all_variables(rows, base_port=4000, next_port=next_port)}


def test_the_seven_of_the_starter_set_in_their_order():
    found = [(each.name, each.value) for each in port_variables(CLASSIC, base_port=4000, next_port=4007)]
    assert found == [
        ("BASE_PORT", "4000"), ("NEXT_PORT", "4007"), ("HTTP_SERVER_PORT", "4000"), ("POSTGRES_PORT", "4001"),
        ("MONGO_PORT", "4002"), ("REDIS_PORT", "4003"), ("ELASTICSEARCH_PORT", "4004"), ("GRAFANA_PORT", "4005"),
        ("PROMETHEUS_PORT", "4006"),
    ]  # fmt: skip


def test_the_order_is_that_of_the_ports_whatever_the_rows_come_in():
    assert port_variables(CLASSIC[::-1], base_port=4000) == port_variables(CLASSIC, base_port=4000)


def test_a_declared_variable_takes_the_place_of_the_derived_one_but_port_is_never_exported():
    assert exported(row("web", 1000, env="SHOP_PORT"))["SHOP_PORT"] == "1000"
    found = exported(row("web", 1000, env="PORT"))
    assert found["WEB_PORT"] == "1000"
    assert "PORT" not in found


def test_a_service_called_base_or_next_has_its_variable_for_itself():
    found = exported(row("base", 5000), row("next", 5001), next_port=4000)
    assert (found["BASE_PORT"], found["NEXT_PORT"]) == ("5000", "5001")


def test_a_service_in_both_protocols_is_one_and_its_tcp_port_counts():
    rows = (row("dns", 5300, protocol=IpProtocol.UDP), row("dns", 5400))
    assert exported(*rows)["DNS_PORT"] == "5400"


def test_two_services_with_one_variable_are_an_error_that_names_both():
    with pytest.raises(UsageError, match=r"my-web and my\.web would both be exported as MY_WEB_PORT"):
        exported(row("my-web", 1), row("my.web", 2))


@pytest.mark.parametrize(
    ("names", "port"),
    [
        (["api", "api-server"], 1000),
        (["web", "api-server"], 1001),
        (["apiServer"], 1000),
        (["API"], 1000),
        (["web", "api-docs"], None),
        (["my-api"], None),
        (["api@2"], None),
    ],
)
def test_the_target_is_the_service_called_api_else_api_server_else_none(names: list[str], port: int | None):
    found = exported(*(row(name, 1000 + number) for number, name in enumerate(names)))
    assert found.get("API_TARGET") == (None if port is None else f"http://localhost:{port}")


def test_the_target_is_no_udp_service():
    assert "API_TARGET" not in exported(row("api", 1000, protocol=IpProtocol.UDP))


def test_the_echo_lists_each_service_and_is_read_back():
    found = exported(row("web", 1000), row("db", 900), next_port=4000)
    assert found["PORTDASH_EXPORTED"] == "DB_PORT=900,WEB_PORT=1000"
    assert echoed(found) == {"DB_PORT": "900", "WEB_PORT": "1000"}
    assert "PORTDASH_EXPORTED" not in exported()


def test_an_echo_that_is_nonsense_says_nothing():
    assert echoed({}) == {}
    assert echoed({"PORTDASH_EXPORTED": ",=,a=1,WEB_PORT,=3,\x1b]0;=1"}) == {}


@pytest.mark.parametrize(
    "env", ["X;touch canary;PORT", "PATH", "LD_PRELOAD", "PORTDASH_PORT_MIN", "$(id)_PORT", "A\nB_PORT"]
)
def test_a_stored_variable_that_may_not_be_one_is_refused(env: str):
    with pytest.raises(InvalidName):
        exported(row("web", 1000, env=env))


@pytest.mark.parametrize(
    "value", ["a b", "'", '"', "$x", "`id`", "a;b", "a\nb", "%PATH%", "a\\b", "é", "a&b", "(", "~", "*"]
)
def test_a_value_that_some_shell_takes_for_more_than_text_is_refused(value: str):
    with pytest.raises(ValueError, match="cannot be exported"):
        Variable("WEB_PORT", value)
