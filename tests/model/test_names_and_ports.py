import pytest
from hypothesis import given
from hypothesis import strategies as st

from portdash.errors import InvalidName, InvalidPort
from portdash.model.names import (
    base_name,
    check_service,
    check_workspace,
    service_from,
    split_qualified,
    variable_for,
    workspace_from,
)
from portdash.model.ports import PortRange, check_port, parse_port, parse_range


@pytest.mark.parametrize("name", ["web", "Web-2", "a", "a.b_c-d", "web@2", "web@10", "x" * 63])
def test_names_that_are_names(name: str):
    assert check_service(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "2web", "-web", "web name", "wéb", "web@1", "web@", "web@02", "x" * 64, "shop/web", "web\n", "\x1b[31m"],
)
def test_names_that_are_none(name: str):
    with pytest.raises(InvalidName):
        check_service(name)


def test_an_error_about_a_name_shows_it_harmlessly():
    with pytest.raises(InvalidName) as caught:
        check_service("\x1b]0;title\x07")
    assert caught.value.message.isprintable()


def test_a_qualified_name_has_a_workspace():
    assert split_qualified("web") == (None, "web")
    assert split_qualified("shop~1a2b/web@2") == ("shop~1a2b", "web@2")
    with pytest.raises(InvalidName):
        split_qualified("/web")
    assert base_name("web@2") == base_name("web") == "web"


@given(st.text(max_size=120))
def test_any_directory_makes_a_workspace_and_any_text_a_service_or_nothing(text: str):
    check_workspace(workspace_from(text))
    name = service_from(text)
    assert name is None or check_service(name) == name


@pytest.mark.parametrize(
    ("name", "variable"),
    [("http-server", "HTTP_SERVER_PORT"), ("web", "WEB_PORT"), ("web@2", "WEB_2_PORT"), ("a.b_c", "A_B_C_PORT")],
)
def test_variables(name: str, variable: str):
    assert variable_for(name) == variable


@pytest.mark.parametrize("port", [1, 80, 65535])
def test_ports(port: int):
    assert check_port(port) == parse_port(str(port)) == port


@pytest.mark.parametrize("value", [0, -1, 65536, True, 80.0, "80", None])
def test_values_that_are_no_port(value: object):
    with pytest.raises(InvalidPort):
        check_port(value)


@pytest.mark.parametrize(
    "text",
    ["", "0", "65536", "70000", "-1", "+80", " 80", "８０", "8e1", "1_000", "٣", "99999999999", "080", "08080", "00"],
)
def test_texts_that_are_no_port(text: str):
    with pytest.raises(InvalidPort):
        parse_port(text)


def test_ranges():
    ports = parse_range("5000-5002")
    assert (list(ports), len(ports), str(ports)) == ([5000, 5001, 5002], 3, "5000-5002")
    assert 5002 in ports
    assert 5003 not in ports
    assert parse_range("80") == PortRange(80, 80)
    for text in ("5002-5000", "a-b", "1-", "-1", "1-2-3"):
        with pytest.raises(InvalidPort):
            parse_range(text)
