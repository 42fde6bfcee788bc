"""The page at `/docs`: readable offline, and data stays text."""

import base64
import hashlib
import re
from html import escape
from html.parser import HTMLParser

from portdash.api.catalogue import ROUTES
from portdash.api.docs import docs_page
from portdash.api.openapi import openapi

HOSTILE = "<script>alert(1)</script>\"'&\x1b[2J\u202e"
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "portdash", "version": "1", "summary": HOSTILE},
    "paths": {
        "/api/ports": {"get": {"summary": "The ports", "responses": {"200": {"description": "All of them."}}}},
        "/api/v1/x/allocate": {
            "post": {
                "summary": HOSTILE,
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}}},
                "parameters": [{"name": "since", "in": "query", "description": "A revision."}, None, {"$ref": "#/no"}],
            },
            HOSTILE: {},
        },
        f"/{HOSTILE}": {"get": {"responses": None}},
    },
    "components": {"schemas": {"Body": {"properties": {"name": {"description": "Its name."}, HOSTILE: {}}}}},
}


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


def test_it_says_what_the_document_says():
    text = docs_page(DOCUMENT).body.decode()
    for words in ("portdash 1", "/api/ports", "The ports", "All of them.", "<b>POST</b>/api/v1/x/allocate", "since",
                  "A revision.", "Its name.", "/api/v1/x</h2>"):  # fmt: skip
        assert words in text, words


def test_every_route_and_the_whole_are_told_in_a_sentence():
    text = docs_page(openapi()).body.decode()
    assert "<p></p>" not in text
    assert "<small></small>" not in text.partition("<h2>")[0]
    assert all(escape(route.text) in text for route in ROUTES)


def test_what_is_foreign_stays_text():
    page = docs_page(DOCUMENT)
    tags = Tags()
    tags.feed(page.body.decode())
    assert {tag for tag, _ in tags.found}.isdisjoint({"script", "img", "iframe", "link", "form", "object"})
    assert not any(name.startswith("on") for _, attrs in tags.found for name, _ in attrs)
    assert {value for _, attrs in tags.found for name, value in attrs if name in ("href", "src")} == {"/openapi.json"}
    assert "\x1b" not in page.body.decode()
    assert "\u202e" not in page.body.decode()


def test_its_policy_allows_its_style_and_nothing_else():
    page = docs_page(DOCUMENT)
    style = re.findall(r"<style>(.*?)</style>", page.body.decode(), re.DOTALL)
    assert len(style) == 1
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert page.policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "script" not in page.policy
    assert "unsafe" not in page.policy


def test_a_document_that_is_none_gives_a_page():
    for document in ({}, {"paths": []}, {"info": 3, "paths": {"/": 3}}, {"paths": {"/": {"get": []}}}):
        assert docs_page(document).body.endswith(b"</html>")
