"""A service written into the text of a file: what was there stays, and a reader finds exactly one service more."""

import tomllib
from contextlib import ExitStack, suppress

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from portdash.config.declaring import NewService, block, declare
from portdash.errors import ConfigError, UsageError

FILE = """\
# Ports of the shop.
base_port = 4100   # ours

[services.web]  # the pages
preferred = [
  3000, # first
  3001,
]

# about the api
[services.api]
base = 8000
# said of base

# production differs
[environments.production.services.web]
range = "3000-3010"

# [services.example]
# base = 1
"""
DB = NewService(name="db", values={"type": "database", "preferred": (5432, 5433)})


def add(text: str, new: NewService = DB) -> str:
    return declare(text, new, place="portdash.toml")


def test_it_stands_after_the_other_services_and_before_what_is_said_of_the_rest():
    after = add(FILE)
    assert after == FILE.replace(
        "# said of base\n",
        '# said of base\n\n[services.db]\ntype = "database"\npreferred = [5432, 5433]\n',
    )


def test_in_an_environment_it_stands_in_its_section():
    production = NewService(name="db", values={"base": 5500}, environment="production")
    assert add(FILE, production) == f"{FILE}\n[environments.production.services.db]\nbase = 5500\n"
    staging = add(FILE, NewService(name="db", values={}, environment="staging"))
    assert tomllib.loads(staging)["environments"]["staging"] == {"services": {"db": {}}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[services.db]\npin = true\n"),
        ("a = 1", "a = 1\n\n[services.db]\npin = true\n"),
        ("# only this\n", "# only this\n\n[services.db]\npin = true\n"),
        ("[services]\n[x]\n", "[services]\n\n[services.db]\npin = true\n\n[x]\n"),
        ("[services]\nweb.base = 1\n", "[services]\nweb.base = 1\n\n[services.db]\npin = true\n"),
        ("services.web.base = 1\n", "services.web.base = 1\n\n[services.db]\npin = true\n"),
        ("[services.web]\r\n[x]\r\n", "[services.web]\r\n\r\n[services.db]\r\npin = true\r\n\r\n[x]\r\n"),
        ("services = {web = {}}\n", "services = {web = {},db = {pin = true}}\n"),
        ("[services.a]\n# b\n[x]\n", "[services.a]\n\n[services.db]\npin = true\n\n# b\n[x]\n"),
        ("[[ranges]]\nname = 'r'\n", "[[ranges]]\nname = 'r'\n\n[services.db]\npin = true\n"),
        (
            's = """\n[services.a]\n[b]\n"""\n[services.c]\n[d]\n',
            's = """\n[services.a]\n[b]\n"""\n[services.c]\n\n[services.db]\npin = true\n\n[d]\n',
        ),
        (
            "[services.c]\n[d]\ns = '''\n[services.a]\n[b]\n'''\n",  # the last `header` is none
            "[services.c]\n[d]\ns = '''\n[services.a]\n[b]\n'''\n\n[services.db]\npin = true\n",
        ),
    ],
)
def test_whatever_the_layout(before: str, after: str):
    assert add(before, NewService(name="db", values={"pin": True})) == after


def test_a_declared_service_is_not_declared_twice():
    with pytest.raises(UsageError, match=r"^web is declared already: portdash.toml, line 4$"):
        add(FILE, NewService(name="WEB", values={}))
    with pytest.raises(UsageError, match="line 16"):
        add(FILE, NewService(name="web", values={}, environment="production"))
    with pytest.raises(UsageError, match="line 3"):
        add("a = 1\n\nservices.'my.db'.base = 1", NewService(name="my.db", values={}))


def test_replacing_sets_the_keys_anew_and_keeps_comments():
    after = add(FILE, NewService(name="Web", values={"preferred": (3000, 3001), "pin": True}, replace=True))
    assert after == FILE.replace("  3001,\n]\n", "  3001,\n]\npin = true\n")
    after = add(FILE, NewService(name="api", values={"base": 8001}, replace=True))
    assert after == FILE.replace("8000", "8001")
    after = add(FILE, NewService(name="api", values={"pin": True}, replace=True))
    assert "# about the api\n[services.api]\n# said of base\npin = true\n\n# production" in after


@pytest.mark.parametrize(
    "text", ["services = 3", "services = [1]", "a = ", "[services.x", "[a]\n[a]", "a.b = 1\na = 2"]
)
def test_what_cannot_be_added_to_is_refused(text: str):
    with pytest.raises(ConfigError):
        add(text)


@pytest.mark.parametrize("depth", [1, 20, 100, 200, 300, 400, 500, 2000])
def test_what_is_nested_deeply_is_kept_or_refused(depth: int):
    text = f"x = {'[' * depth}{']' * depth}\n"
    with ExitStack() as stack:
        if depth > 100:
            stack.enter_context(suppress(ConfigError))
        assert add(text).startswith(text)


HOSTILE = [
    '"',
    "'",
    '"""',
    "]\n[services.evil]\npin = true",
    "\\",
    "#",
    "\x00",
    "\x1b]0;\x07",
    "\u202e",
    "\r\n",
    "😀",
    "",
]
texts = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
values = st.dictionaries(
    st.sampled_from(["type", "purpose", "preferred", "base", "pin", "command"]),
    st.one_of(texts, st.integers(-9, 70000), st.booleans(), st.lists(st.one_of(texts, st.integers(0, 9))).map(tuple)),
)
names = st.from_regex(r"\A[A-Za-z][A-Za-z0-9._-]{0,8}(@2)?\Z")
environments = st.one_of(st.none(), st.from_regex(r"\A[a-z][a-z0-9._-]{0,5}\Z"))


@given(name=names, values=values, environment=environments)
def test_nothing_said_becomes_anything_but_a_value(name: str, values: dict[str, object], environment: str | None):
    new = NewService(name=name, values=values, environment=environment)
    expected = {"services": {name: new.table}}
    if environment is not None:
        expected = {"environments": {environment: expected}}
    assert tomllib.loads(block(new)) == expected


leaves = st.one_of(st.integers(), st.booleans(), st.text(st.sampled_from('ab[]="\n#{}'), max_size=8))
services = st.dictionaries(
    st.sampled_from(["web", "API", "my.db", "z"]),
    st.dictionaries(st.sampled_from(["base", "match"]), leaves, max_size=2),
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "base_port": leaves,
        "services": services,
        "ranges": st.lists(st.fixed_dictionaries({"name": leaves}), max_size=2),
        "environments": st.dictionaries(
            st.sampled_from(["production", "e"]), st.fixed_dictionaries({}, optional={"services": services})
        ),
    },
)


@settings(max_examples=300, deadline=None)
@given(
    document=documents,
    comments=st.lists(st.integers(0, 30), max_size=6),
    environment=st.sampled_from([None, "production"]),
    replace=st.booleans(),
)
def test_all_else_stays(document: dict[str, object], comments: list[int], environment: str | None, replace: bool):
    lines = tomli_w.dumps(document).splitlines(keepends=True)
    for number in comments:
        candidate = [*lines[: number % (len(lines) + 1)], f"# c{number}\n", *lines[number % (len(lines) + 1) :]]
        try:  # a comment amid a text of several lines is none
            is_harmless = tomllib.loads("".join(candidate)) == document
        except tomllib.TOMLDecodeError:
            continue
        lines = candidate if is_harmless else lines
    text = "".join(lines)
    new = NewService(name="web", values={"base": 1, "preferred": (3, 4)}, environment=environment, replace=replace)
    try:
        after = declare(text, new, place="f")
    except UsageError:
        assert not replace
        return
    expected = tomllib.loads(text)
    table = expected
    for key in new.above:
        table = table.setdefault(key, {})
    was_there = "web" in table
    table["web"] = new.table
    assert tomllib.loads(after) == expected
    if was_there:
        kept = [line for line in text.splitlines() if line.startswith("# c")]
        assert [line for line in after.splitlines() if line.startswith("# c")] == kept
    else:
        added = iter(after)
        assert all(char in added for char in text)  # every character, in order
