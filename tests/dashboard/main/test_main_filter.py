"""Which rows a filter leaves, and what is said where it leaves none."""

import re
from dataclasses import replace

import pytest
import scenes
from row_texts import DOCS, drawn, facts_of, text_of

from portdash.dashboard.rows.filtering import parse_filter
from portdash.dashboard.rows.layout import columns_for
from portdash.dashboard.rows.listing import ListState, build_listing
from portdash.dashboard.rows.paint import paint
from portdash.dashboard.rows.row import SYSTEM_KEY, Other
from portdash.dashboard.rows.words import state_of
from portdash.model.snapshot import ServiceView


def rows_for(text: str, *, trouble: bool = False, here_only: bool = False) -> list[str]:
    facts = facts_of()
    state = ListState(frozenset({SYSTEM_KEY}), parse_filter(text, trouble=trouble), "shop" if here_only else None)
    found = []
    for row in build_listing(facts, state).rows:
        if isinstance(row.subject, ServiceView):
            found.append(f"{facts.label_of(row.subject.key.workspace)}/{row.subject.name}")
        elif isinstance(row.subject, Other):
            found.append(str(row.subject.listener.port))
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3000", ["shop/web", "shop@fix-login/web", "infra/grafana"]),
        ("port:3000", ["shop/web", "shop@fix-login/web"]),
        ("port:808*", ["infra/traefik"]),
        ("UVICORN 3990", ["shop/api", "shop/websocket"]),
        ("project:blog vscode", ["blog/web", "4173"]),
        ("sshd", ["22"]),
        ("! project:blog", ["blog/cms", "blog/web"]),
        ("hung", ["blog/cms"]),
        ("[/red]", []),
        ("port:3000-3002", ["shop/web", "shop@fix-login/web"]),
        ("port:8080 port:1337", ["blog/cms", "infra/traefik"]),
        ("via:tmux", ["shop/api", "shop/websocket", "shop/worker", "blog/cms", "9229"]),
        ("via:orphan up:>1d", ["6007", "8888"]),
        ("up:<1m", ["blog/web"]),
        ("conn:>1 via:claude", ["shop/web", "shop@fix-login/web", "5176"]),
        ("conn:1", ["8888"]),
        ("state:flap", ["blog/web"]),
        ("state:not project:shop", ["shop/metrics", "shop@fix-login/redis"]),
        ("state:stopped project:shop", ["shop/metrics", "shop@fix-login/redis"]),
        ("state:not-running project:shop", ["shop/metrics", "shop@fix-login/redis"]),
        ("state:running project:blog", ["blog/db", "blog/mail"]),
        ("state:conflict", ["shop/web", "shop@fix-login/web"]),
        ("host:elsewhere", []),
        ("127.0.0.1:3000", []),
    ],
)
def test_filter(text: str, found: list[str]):
    assert rows_for(text) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("up:soon", "up:soon is no time; write >12h"),
        ("up:>", "wants a time"),
        ("port:abc", "port:abc is no port"),
        ("conn:many", "conn:many is no number"),
        ("prot:3000", "did you mean port:?"),
        ("port:[/b]\x1b", "is no port"),
        ("port:9000-8000", "write port:8000-9000"),
        ("state:foo", "state:foo is no state; write running, not-running"),
        ("host:127.0.0.1", "is an address"),
        ("host:localhost", "is an address"),
        ("host:::1", "is an address"),
    ],
)
def test_what_a_filter_does_not_understand_is_named_and_hides_nothing(text: str, words: str):
    (problem,) = parse_filter(text).problems
    assert words in problem
    assert problem.isprintable()
    assert rows_for(text) == rows_for("")


@pytest.mark.parametrize("text", ["port:", "up:", "conn:", "state:"])
def test_an_unfinished_field_is_no_problem(text: str):
    assert parse_filter(text).problems == ()


def test_an_unfinished_word_of_the_filter_hides_nothing():
    assert rows_for("port:") == rows_for("")


def test_a_state_is_a_beginning_of_its_word():
    """`running` is no part of it that asks for `not running`, and every word of the column can be asked for."""
    facts = facts_of()
    words = {state_of(view).word for view in facts.snapshot.services}
    running = rows_for("state:running")
    assert running
    assert rows_for("state:not")
    assert not set(running) & set(rows_for("state:not"))
    for word in words:
        assert parse_filter(f"state:{re.sub(' [0-9].*', '', word).replace(' ', '-')}").problems == ()


@pytest.mark.parametrize("text", ["foo:bar", "run:dev x"])
def test_a_field_that_there_is_not_is_text_and_is_named_where_it_finds_nothing(text: str):
    facts = facts_of()
    (line, *_more) = drawn(build_listing(facts, ListState(filter=parse_filter(text))), 140)
    assert f"{text.partition(':')[0]}: is no field; there are port:, project:, via:" in line
    assert parse_filter("localhost:3000").doubt == ""


def test_trouble_and_scope_combine_with_the_filter():
    assert rows_for("", trouble=True) == ["shop/web", "shop@fix-login/web", "blog/cms", "blog/web"]
    assert rows_for("web", trouble=True, here_only=True) == ["shop/web"]
    assert rows_for("", here_only=True)[-1] == "5175"


def test_the_list_says_why_it_is_empty():
    facts = facts_of()
    none = build_listing(facts, ListState(filter=parse_filter("nonesuch")))
    assert text_of(paint(none.rows[0], facts, columns_for(103, 9), 103)).strip() == (
        "Nothing matches /nonesuch. 20 services and 15 listeners are hidden. esc clears"
    )
    away = facts_of(replace(scenes.working_day(), workspace="docs", workspaces=(*scenes.WORKSPACES, DOCS)))
    here = build_listing(away, ListState(only="docs"))
    assert "docs has no service. 0 shows the other 4 workspaces (20 services)" in drawn(here, 103)[0]
    well = facts_of(scenes.snapshot_of([view for view in scenes.working_day().services if view.name == "loki"]))
    assert "No trouble" in drawn(build_listing(well, ListState(filter=parse_filter("", trouble=True))), 80)[0]


def test_no_trouble_is_said_of_what_is_shown_alone():
    def said(*names: str, only: str | None) -> str:
        views = [view for view in scenes.working_day().services if view.name in names]
        return drawn(
            build_listing(
                facts_of(scenes.snapshot_of(views)), ListState(filter=parse_filter("", trouble=True), only=only)
            ),
            100,
        )[0]

    assert said("loki", only=None).strip() == "No trouble. ! or esc shows everything"
    assert said("loki", "cms", "api", only="infra").strip() == (
        "No trouble in infra. 0 shows the 1 elsewhere; ! or esc shows all of infra"
    )
    assert said("loki", "api", only="infra").strip() == (
        "No trouble in infra. Elsewhere there is none either; ! or esc shows all of infra"
    )
