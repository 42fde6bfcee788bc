"""URLs of servers: taken apart, shown without what is secret, and refused in one line."""

import pytest

from portdash.errors import ConfigError
from portdash.store.redis.address import Address, parse_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://localhost", Address(host="localhost")),
        ("redis://localhost/", Address(host="localhost")),
        ("redis://10.0.0.1:7000/3", Address(host="10.0.0.1", port=7000, database=3)),
        ("redis://[::1]:7000", Address(host="::1", port=7000)),
        ("rediss://h/0", Address(host="h", tls=True)),
        ("redis://ann:p%40ss%2Fword@h", Address(host="h", username="ann", password="p@ss/word")),  # noqa: S106
        ("redis://:secret@h:1", Address(host="h", port=1, password="secret")),  # noqa: S106
    ],
)
def test_a_url_is_taken_apart(url: str, address: Address):
    assert parse_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        *("redis:", "redis://", "redis:///0", "redis://h:0", "redis://h:70000", "redis://h:secret", "redis://h/zero"),
        *("redis://:se/secret@h", "redis://u:secret@", "redis://h/0?db=secret", "redis://h/0#secret", "redis://h/-1"),
        *("redis://h/0/1", "redis://h/\u0662", "redis://[::1", "redis://u:secret@h\x1b[2J/0"),
    ],
)
def test_what_names_no_server_is_refused_without_its_password(url: str):
    with pytest.raises(ConfigError) as caught:
        parse_address(url)
    assert "secret" not in caught.value.message + caught.value.hint
    assert caught.value.message.isprintable()


def test_what_is_shown_has_no_credentials():
    address = parse_address("rediss://ann:secret@[::1]:7000/3")
    assert address.url == "rediss://[::1]:7000/3"
    assert "secret" not in repr(address)


def test_a_mirror_is_of_a_server_and_not_of_a_password():
    labels = {parse_address(f"redis://{user}h:7000/0").label for user in ("", ":a@", "ann:b@")}
    assert len(labels) == 1
    assert parse_address("redis://h:7000/1").label not in labels
