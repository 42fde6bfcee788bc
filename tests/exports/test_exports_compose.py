"""Compose files: which ports they publish, and what there is to say about them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import pytest
from export_rows import CLASSIC
from hypothesis import given
from hypothesis import strategies as st

from portdash.errors import ConfigError
from portdash.exports.compose_check import Kind, Owner, check_compose, interpolate
from portdash.exports.compose_file import Published, published_ports
from portdash.exports.variables import all_variables

VARIABLES = all_variables(CLASSIC, base_port=4000, next_port=4007)
OWNERS = (
    *(
        Owner(label=row.name, service=row.key.service, variable=row.spec.variable, port=row.port, protocol="tcp")
        for row in CLASSIC
    ),
    Owner(label="blog/web", service=None, variable=None, port=3000, protocol="tcp"),
)


def compose(*ports: str, service: str = "app", more: str = "") -> str:
    return "\n".join(
        [
            "services:",
            f"  {service}:",
            *([f"    {more}"] if more else []),
            "    ports:",
            *(f"      - {each}" for each in ports),
        ]
    )


def parts(entry: str) -> tuple[str, str, str, str]:
    (found,) = published_ports(compose(entry), name="f")
    return found.address, found.host, found.container, found.protocol


def kinds(text: str, elsewhere: Mapping[str, str] | None = None) -> list[Kind]:
    found = check_compose(
        {"f": published_ports(text, name="f")}, variables=VARIABLES, elsewhere=elsewhere or {}, owners=OWNERS
    )
    return [each.kind for each in found]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ('"80"', ("", "", "80", "tcp")),
        ("8080:80", ("", "8080", "80", "tcp")),
        ('"8080:80/udp"', ("", "8080", "80", "udp")),
        ('"127.0.0.1:8080:80"', ("127.0.0.1", "8080", "80", "tcp")),
        ('"[::1]:8080:80"', ("::1", "8080", "80", "tcp")),
        ('"127.0.0.1::80"', ("127.0.0.1", "", "80", "tcp")),
        ('"3000-3005:3000-3005"', ("", "3000-3005", "3000-3005", "tcp")),
        ('"${A_PORT:-80}:${B_PORT:?no: b}/udp"', ("", "${A_PORT:-80}", "${B_PORT:?no: b}", "udp")),
        ("{target: 80, published: '8080', host_ip: 1.2.3.4, protocol: udp}", ("1.2.3.4", "8080", "80", "udp")),
        ("{target: 80}", ("", "", "80", "tcp")),
    ],
)
def test_the_forms_of_an_entry(entry: str, expected: tuple[str, str, str, str]):
    assert parts(entry) == expected


def test_anchors_and_merges_are_followed_and_the_line_is_that_of_the_entry():
    text = (
        "x-a: &a\n  ports:\n    - '1:1'\n"
        "services:\n  web: *a\n  api:\n    <<: *a\n    image: x\n  db:\n    <<: [*a]\n    ports: []\n"
    )
    assert [(each.service, each.line) for each in published_ports(text, name="f")] == [("web", 3), ("api", 3)]


@pytest.mark.parametrize(
    "text", ["services:", "services: {a: {ports: }}", "services: {a: {ports: 80}}", "services: [1]", "volumes: {a: }"]
)
def test_files_that_publish_nothing(text: str):
    assert published_ports(text, name="f") == ()


@pytest.mark.parametrize("text", ["", "a: 1", "- 1", "A=1\nB_PORT=3000\n", "null", "services"])
def test_files_that_are_no_compose_files(text: str):
    with pytest.raises(ConfigError, match="f is no compose file"):
        published_ports(text, name="f")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "f, line 1: not YAML"),
        ("a: 1\nb: {", "f, line 2: not YAML"),
        ("a: 1\n--- \nb: 1", "line 2: not YAML"),
        ("\0", "not YAML"),
        ("[" * 5000, "nested too deeply"),
        ("x" * 300_000, "larger than 256 KiB"),
        (compose("[1]"), "line 4: not a port"),
        (compose(*["'80'"] * 1001), "more than 1000 ports"),
    ],
)
def test_what_is_no_compose_file_is_said_with_its_line(text: str, said: str):
    with pytest.raises(ConfigError, match=said) as caught:
        published_ports(text, name="f")
    assert "\n" not in caught.value.message


def test_aliases_that_stand_for_millions_are_refused():
    lines = ["a0: &a0 [$X, $Y]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    with pytest.raises(ConfigError, match="stand for too much"):
        published_ports("\n".join([*lines, "services: {x: {command: *a15, ports: ['1:1']}}"]), name="f")


def test_a_mapping_that_merges_itself_comes_to_an_end():
    published_ports("services: &a\n  x: &b\n    <<: *b\n    ports: ['1:1']\n", name="f")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str):
    with suppress(ConfigError):
        published_ports("services:\n  a:\n    ports:\n      - " + text, name="f")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A", "1"), ("${A}", "1"), ("${A:-2}", "1"), ("${B:-2}", "2"), ("${B-2}", "2"), ("${E:-2}", "2"),
        ("${E-2}", ""),
        ("${A:+3}", "3"), ("${B:+3}", ""), ("${B+3}", ""), ("$$A", "$A"), ("x${A}y", "x1y"), ("${A:?no}", "1"),
    ],
)  # fmt: skip
def test_variables_are_put_in_as_compose_does_it(text: str, expected: str):
    assert interpolate(text, {"A": "1", "E": ""}) == (expected, ())


def test_a_variable_without_a_value_is_named():
    assert interpolate("${B}:${C:?no}", {})[1] == ("B", "C")


def test_a_variable_on_both_sides_is_in_order_but_for_the_side_of_the_container():
    text = compose(
        '"${POSTGRES_PORT}:${POSTGRES_PORT}"', service="postgres", more="image: docker.io/library/postgres:15"
    )
    (found,) = check_compose({"f": published_ports(text, name="f")}, variables=VARIABLES, elsewhere={}, owners=OWNERS)
    assert found.kind is Kind.CONTAINER
    assert found.kind.is_notice
    assert "4001" in found.detail
    assert '"${POSTGRES_PORT}:5432"' in found.detail


def test_a_server_that_is_told_its_port_is_no_matter():
    text = compose('"${POSTGRES_PORT}:${POSTGRES_PORT}"', service="postgres", more="command: -p ${POSTGRES_PORT}")
    assert kinds(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (compose('"${POSTGRES_PORT}:5432"', service="postgres"), []),
        (compose('"${POSTGRES_PORT:-5432}:5432"', service="postgres"), []),
        (compose("5432:5432", service="postgres"), [Kind.DIFFERS]),
        (compose('"${POSTGRES_PORT}:5432"', "9000:9000", service="postgres"), []),
        (compose("4001:5432", service="postgres"), [Kind.HARD_CODED]),
        (compose("4001:5432", service="Postgres"), [Kind.HARD_CODED]),
        (compose("4001:5432"), [Kind.CLASH]),
        (compose('"4001:5432/udp"'), []),
        (compose("3000:80"), [Kind.CLASH]),
        (compose('"2999-3001:80"'), [Kind.CLASH]),
        (compose("8080:80"), []),
        (compose('"80"'), []),
        (compose('"${POSTGRS_PORT}:5432"'), [Kind.UNKNOWN_VARIABLE]),
        (compose('"${OTHER_PORT:-8080}:80"'), []),
        (compose('"${OTHER_PORT:-4001}:80"'), [Kind.CLASH]),
        (compose("70000:80"), [Kind.NOT_A_PORT]),
        (compose('"abc:80"'), [Kind.NOT_A_PORT]),
        (compose("8080:80", "8080:81"), [Kind.TWICE]),
        (compose("8080:80", '"8080:80/udp"'), []),
        (compose('"127.0.0.1:8080:80"', '"127.0.0.2:8080:80"'), []),
        (compose('"127.0.0.1:8080:80"', "8080:80"), [Kind.TWICE]),
        (compose('"8080-8090:80"', "8085:80"), [Kind.TWICE]),
    ],
)  # fmt: skip
def test_what_there_is_to_say(text: str, expected: list[Kind]):
    assert kinds(text) == expected


def test_what_the_environment_sets_besides_is_known():
    text = compose('"${OTHER_PORT}:80"')
    assert kinds(text, {"OTHER_PORT": "8080"}) == []
    assert kinds(text, {"OTHER_PORT": "4000"}) == [Kind.CLASH]
    assert kinds(compose('"${MONGO_PORT}:80"'), {"MONGO_PORT": "4000"}) == []  # the export wins


def test_an_override_file_may_say_the_same_again():
    entry = published_ports(compose("8080:80"), name="f")
    other = published_ports(compose("8080:80", service="b"), name="f")

    def found(second: Sequence[Published]) -> list[Kind]:
        files = {"f": entry, "g": second}
        return [each.kind for each in check_compose(files, variables=(), elsewhere={}, owners=())]

    assert found(entry) == []
    assert found(other) == [Kind.TWICE]
