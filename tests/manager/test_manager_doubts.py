"""What speaks against adopting a listener unasked."""

from dataclasses import replace

import pytest

from portdash.manager.doubts import doubts_of
from portdash.model.listener import Container, Listener, Process
from portdash.model.ports import IpProtocol
from portdash.model.project import Project

FITS = Listener(
    protocol=IpProtocol.TCP,
    address="127.0.0.1",
    port=5173,
    owner=Process(pid=5, name="node", user="ann"),
    project=Project(root="/home/ann/src/shop", name="shop"),
    via="tmux",
)


def test_nothing_speaks_against_ones_own_server_in_a_project_nor_against_its_container():
    assert doubts_of(FITS, "ann") == ()
    proxy = Process(pid=6, name="docker-proxy", user="root")
    assert (
        doubts_of(replace(FITS, owner=proxy, container=Container(id="c", name="shop-web-1"), via="docker"), "ann") == ()
    )


@pytest.mark.parametrize(
    ("change", "text", "is_grave"),
    [
        ({"via": "claude"}, "started by claude", True),
        ({"via": "gemini"}, "started by gemini", True),
        ({"orphan": True}, "an orphan", True),
        ({"via": "orphan"}, "an orphan", True),
        ({"owner": Process(pid=5, name="node", user="bob")}, "runs as bob", False),
        ({"owner": None, "user": "bob"}, "runs as bob", False),
        ({"owner": None}, "its owner is hidden", False),
        ({"project": None}, "works in no project", False),
    ],
)
def test_what_speaks_against_it(change: dict[str, object], text: str, is_grave: bool):
    assert [tuple(each) for each in doubts_of(replace(FITS, **change), "ann")] == [(text, is_grave)]


def test_all_that_speaks_against_it_is_said_the_gravest_first():
    found = doubts_of(replace(FITS, via="codex", orphan=True, project=None), "bob")
    assert [each.text for each in found] == ["started by codex", "an orphan", "runs as ann", "works in no project"]
