from pathlib import Path

import pytest

from portdash.config.problems import Rejected
from portdash.config.urls import is_local, parse_cluster, parse_store, parse_url, redacted

WHERE = {"directory": Path("/data/shop"), "home": Path("/home/ada")}


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("sqlite:////var/ports.db", "sqlite:////var/ports.db"),
        ("sqlite:///var/ports.db", "sqlite:////var/ports.db"),
        ("sqlite:///C:/ports.db", "sqlite:///C:/ports.db"),
        ("SQLite:////var/ports.db", "sqlite:////var/ports.db"),
        ("json:ports.json", "json:/data/shop/ports.json"),
        ("json:../ports.json", "json:/data/ports.json"),
        ("json:/var/ports.json", "json:/var/ports.json"),
        ("json:~/ports.json", "json:/home/ada/ports.json"),
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("rediss://u:p@cache:6380/3", "rediss://u:p@cache:6380/3"),
        ("redis://cache", "redis://cache"),
        ("memory:", "memory:"),
        ("memory://", "memory:"),
    ],
)
def test_stores_get_their_full_form(text: str, url: str):
    assert parse_store(text, **WHERE) == url
    assert parse_store(url, **WHERE) == url


@pytest.mark.parametrize(
    "text",
    ["", "ports.db", "sqlite:ports.db", "sqlite://", "sqlite:///", "sqlite:///~/x.db", "sqlite:////var/", "json:",
     "json:a\0b", "redis:", "redis://", "redis://:x@", "redis://h:notaport/0", "redis://h:0/0", "redis://h:99999",
     "redis://h/first", "redis://h h/0", "memory:x", "postgres://h/db", "sqlit:////x", "file:///x", "redis://h\n/0"],
)  # fmt: skip
def test_what_is_no_store_is_rejected(text: str):
    with pytest.raises(Rejected):
        parse_store(text, **WHERE)


def test_the_nearest_scheme_is_named():
    with pytest.raises(Rejected) as caught:
        parse_store("sqlitee:////x.db", **WHERE)
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("did you mean sqlite?")


@pytest.mark.parametrize(
    "url", ["http://localhost:1", "http://127.3.2.1/x", "http://[::1]:80", "redis://api.localhost"]
)
def test_local_urls(url: str):
    assert is_local(parse_url(url))


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1",
        "https://example.com",
        "http://localhost.evil.com",
        "http://localhost@evil.com",
        "http://[::2]",
    ],
)
def test_urls_of_other_machines(url: str):
    assert not is_local(parse_url(url))


@pytest.mark.parametrize(
    "url",
    [
        "localhost:3000",
        "/x",
        "",
        "http://",
        "http://[::1",
        "http://h:x",
        "http://a b",
        "http://a..b",
        f"http://{'a' * 64}",
    ],
)
def test_what_is_no_url_is_rejected(url: str):
    with pytest.raises(Rejected):
        parse_url(url)


def test_a_cluster_is_a_list_of_registries():
    assert parse_cluster("http://a, redis://b:1") == ("http://a", "redis://b:1")
    for nobodys in ("ftp", "consul", "etcd"):
        with pytest.raises(Rejected, match=nobodys):
            parse_cluster(f"http://a,{nobodys}://b")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:hunter2@cache:6379/0", "redis://***@cache:6379/0"),
        ("redis://u:hun/ter@2@cache", "redis://***@cache"),
        ("redis://cache/0?password=hunter2", "redis://cache/0?***"),
        ("http://hunter2@host/@vite/x", "http://***@host/@vite/x"),
        ("http://host/x?token=hunter2&b=1", "http://host/x?token=***&b=***"),
        ("sqlite:////var/x.db", "sqlite:////var/x.db"),
        ("memory:", "memory:"),
        ("json:/a/b", "json:/a/b"),
    ],
)
def test_secrets_in_urls_are_never_shown(url: str, shown: str):
    assert redacted(url) == shown
    assert "hunter2" not in redacted(url)
