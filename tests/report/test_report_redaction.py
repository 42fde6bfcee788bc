import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portdash.report.redaction import Redaction, mask_secrets

SECRET = "Zq9x7Kw2"  # noqa: S105  made up
HOME = "/home/ann"
redact = Redaction(HOME)


@pytest.mark.parametrize(
    "template",
    [
        "serve --token {} --port 3000",
        "serve --token={} --port 3000",
        "serve --api-key '{} two words' -v",
        "serve -auth-token {}",
        "AWS_SECRET_ACCESS_KEY={} node server.js",
        "DB_PASS={}",
        "DATABASE_PWD={}",
        "apiKey: {}",
        "password = {}",
        "curl -H 'Authorization: Bearer {} more'",
        "curl -H 'Cookie: a={}; b={}'",
        "Bearer {}",
        "postgres://ann:{}@localhost/shop",
        "postgres://{}@localhost/shop",
        "redis://:{}/with/slashes@localhost:6379/0",
        "http://localhost:3000/?token={}&page=1",
        "http://localhost:3000/?a=1&key={}",
        'serve --passphrase "{} and an open quote',
        "--cookie\t{}",
    ],
)
def test_secrets_are_masked(template: str):
    masked = mask_secrets(template.replace("{}", SECRET))
    assert SECRET not in masked
    assert "***" in masked


@pytest.mark.parametrize(
    "text",
    [
        "next dev -p 3000",
        "git commit --author Ann",
        "http://localhost:3000/@vite/client",
        "node 4121 (shop@fix-login)",
        "npm --passive install",
        "the database is not running",
        "127.0.0.1:5432",
        "sqlite:////var/lib/portdash.db",
    ],
)
def test_the_rest_stays(text: str):
    assert mask_secrets(text) == text


def test_what_stands_beside_a_secret_stays():
    assert mask_secrets("serve --token abc --port 3000") == "serve --token *** --port 3000"
    assert mask_secrets("-H 'Authorization: Bearer a b' --port 3") == "-H 'Authorization: ***' --port 3"
    assert mask_secrets("redis://ann:pw@10.0.0.1:6379/0") == "redis://***@10.0.0.1:6379/0"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/ann", "~"),
        ("/home/ann/src/shop", "~/src/shop"),
        ("sqlite:////home/ann/.local/state", "sqlite:///~/.local/state"),
        ("it works in /home/ann.", "it works in ~."),
        ("--dir=/home/ann/x:/home/ann/y", "--dir=~/x:~/y"),
        ("/home/anna/src", "/home/anna/src"),
        ("/home/ann-old", "/home/ann-old"),
        ("/home/ann.bak", "/home/ann.bak"),
        ("/mnt/home/ann", "/mnt/home/ann"),
    ],
)
def test_the_home_directory_is_a_tilde(text: str, shown: str):
    assert redact(text) == shown


def test_a_home_that_ends_in_a_slash_is_the_same_home():
    assert Redaction(HOME + "/")("/home/ann/x") == "~/x"


@pytest.mark.parametrize("home", ["", "/"])
def test_no_home_replaces_nothing(home: str):
    assert Redaction(home)("/usr/bin /home/ann") == "/usr/bin /home/ann"


def test_switched_off_it_changes_nothing():
    text = "/home/ann --token abc postgres://a:b@c"
    assert Redaction(HOME, enabled=False)(text) == text


flags = st.sampled_from(["--token", "--api-key", "--db-password", "-secret", "--session-cookie"])
separators = st.sampled_from([" ", "=", "  "])


@given(st.text(max_size=60), flags, separators, st.text(max_size=60))
def test_a_flagged_secret_never_survives(before: str, flag: str, separator: str, after: str):
    assert SECRET not in redact(f"{before} {flag}{separator}{SECRET} {after}")


@given(st.text(max_size=40), st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text(max_size=40))
def test_url_credentials_never_survive(before: str, user: str, after: str):
    assert SECRET not in redact(f"{before} https://{user}:{SECRET}@host/ {after}")


fragments = st.sampled_from(
    [
        "--token",
        "token",
        "=",
        ":",
        " ",
        "'",
        '"',
        "://",
        "a",
        "@",
        "/",
        "bearer",
        "authorization",
        "***",
        HOME,
        "&",
        "?",
    ]
)


@given(st.one_of(st.text(max_size=80), st.lists(fragments, max_size=14).map("".join)))
def test_redacting_twice_changes_nothing(text: str):
    assert redact(redact(text)) == redact(text)


@given(st.lists(st.sampled_from([HOME, "/", " ", ":", "x", "=", "/home", "ann"]), max_size=12).map("".join))
def test_the_home_is_nowhere_left_as_a_directory_of_its_own(text: str):
    assert not re.search(r"(?<![\w.~-])/home/ann(?:/|\s|:|=|$)", redact(text))


@pytest.mark.parametrize(
    "unit", ["a", "-", "a.", "token", "a://", "a://a:", "'", " --", " --a-key", "auth", "bearer ", "token=", "\t"]
)
def test_hostile_repetition_costs_little(unit: str):
    text = unit * (8192 // len(unit))
    started = time.process_time()
    redact(text)
    assert time.process_time() - started < 1.0
