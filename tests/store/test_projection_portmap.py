"""The committed map as text: strict on reading, with the line; and what is written is read again."""

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portdash.store.projection.portmap import LARGEST, BadMap, format_map, parse_map

SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,20}(@[2-9])?", fullmatch=True)
MAPS = st.dictionaries(NAMES, st.integers(1, 65535), max_size=12).filter(
    lambda found: len({name.casefold() for name in found}) == len(found)
)


def parsed(data: bytes) -> dict[str, int]:
    return {entry.name: entry.port for entry in parse_map(data)}


def read_or_refused(data: bytes) -> dict[str, int] | BadMap:
    try:
        return parsed(data)
    except BadMap as error:
        return error


@given(MAPS)
def test_what_is_written_is_read_again(ports: dict[str, int]):
    text = format_map(ports)
    assert parsed(text) == ports
    assert list(parsed(text)) == sorted(ports)
    assert [entry.line for entry in parse_map(text)] == list(range(2, len(ports) + 2))
    assert format_map(parsed(text)) == text


@given(MAPS)
def test_whatever_json_writes_of_such_a_map_is_read(ports: dict[str, int]):
    assert parsed(json.dumps(ports).encode()) == ports
    assert parsed(json.dumps(ports, indent="\t", separators=(" ,", " : ")).replace("\n", "\r\n").encode()) == ports


@settings(max_examples=300 * SCALE)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_map_or_a_line_that_says_why_not(data: bytes):
    found = read_or_refused(data)
    if isinstance(found, BadMap):
        assert 1 <= found.line <= data.count(b"\n") + 1
        assert found.message.isprintable()
        assert found.hint
    else:
        assert json.loads(data) == found


@settings(max_examples=300 * SCALE)
@given(MAPS.filter(bool), st.data())
def test_a_damaged_map_is_never_read_as_another_kind_of_thing(ports: dict[str, int], data: st.DataObject):
    text = bytearray(format_map(ports))
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    found = read_or_refused(bytes(text))
    if isinstance(found, BadMap):
        return
    assert found == json.loads(text)
    assert all(type(port) is int and 1 <= port <= 65535 for port in found.values())


def test_the_map_of_the_python_system_is_read_and_written_as_it_is():
    ports = {"http-server": 4000, "postgres": 4001, "mongo": 4002, "redis": 4003}
    text = b'{\n  "http-server": 4000,\n  "mongo": 4002,\n  "postgres": 4001,\n  "redis": 4003\n}\n'
    assert format_map(ports) == text
    assert parsed(json.dumps(ports, indent=2).encode()) == ports
    assert format_map({}) == b"{}\n"
    assert parsed(b"{}") == {}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('{\n "web": 1,\n "api": 2,\n "Web": 3\n}', 4, "stands there twice, first in line 2"),
        ('{"web": true}', 1, "true, which is no whole number"),
        ('{"web": null}', 1, "null"),
        ('{\n"web": 3000.0}', 2, "3000.0"),
        ('{"web": 3e3}', 1, "3e3"),
        ('{"web": "3000"}', 1, "is a text"),
        ('{"web": NaN}', 1, "NaN"),
        ('{"web": -Infinity}', 1, "-Infinity"),
        ('{"web": 0}', 1, "the port of web is 0"),
        ('{"web": -1}', 1, "the port of web is -1"),
        ('{"web": 65536}', 1, "65536"),
        ('{"web": 03000}', 1, "begins with 0"),
        ('{"web": ' + "9" * 5000 + "}", 1, "9999"),
        ('{"web": {"port": 1}}', 1, "nested"),
        ('{"web": [3000]}', 1, "nested"),
        ('{"we b": 1}', 1, "not a service name"),
        ('{"9": 1}', 1, "not a service name"),
        ('{"\\ud800": 1}', 1, "not a service name"),
        ('{"a\x1bb": 1}', 1, "a name in quotes is missing"),
        ('{"\\q": 1}', 1, "no JSON text"),
        ("{web: 1}", 1, "a name in quotes is missing"),
        ('{"web" 1}', 1, "a colon is missing after web"),
        ('{"web":}', 1, "the port of web is missing"),
        ('{"web": 1 "api": 2}', 1, "a comma or } is missing"),
        ('{"web": 1,\n}', 2, "a comma follows the last entry"),
        ('{"web": 1', 1, "the file ends there"),
        ('{"web": 1}\n{}', 2, "something follows the map"),
        ('// ports\n{"web": 1}', 1, "a map begins with {"),
        ("[1]", 1, "a map begins with {"),
        ("null", 1, "a map begins with {"),
        ("", 1, "it is empty"),
        (" \n", 1, "it is empty"),
        ("[" * 10_000, 1, "a map begins with {"),
        ('{"a":' * 10_000, 1, "nested"),
        (
            '{\n "web": 1,\n<<<<<<< HEAD\n "api": 2\n=======\n "api": 3\n>>>>>>> b\n}',
            3,
            "a merge is unfinished: <<<<<<<",
        ),
        ('{\n "api": 3\n>>>>>>> b\r\n}', 3, "a merge is unfinished: >>>>>>>"),
    ],
)
def test_what_is_no_map_is_named_with_its_line(text: str, line: int, said: str):
    with pytest.raises(BadMap) as caught:
        parse_map(text.encode())
    assert said in caught.value.message
    assert caught.value.line == line
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b'\xef\xbb\xbf{"web": 1}', 1, "byte order mark"),
        (b'{\n"web": 1\0}', 2, "NUL"),
        (b'{\n\n"w\xff": 1}', 3, "not UTF-8"),
        ('{"web": 1}'.encode("utf-16"), 1, "NUL"),
        (b" " * (LARGEST + 1), 1, "larger than 1 MiB"),
    ],
)
def test_what_is_no_text_is_named_too(data: bytes, line: int, said: str):
    with pytest.raises(BadMap, match=said) as caught:
        parse_map(data)
    assert caught.value.line == line
