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
    ("change", "text"),
    [
        ({"via": "claude"}, "started by claude"),
        ({"via": "gemini"}, "started by gemini"),
        ({"orphan": True}, "an orphan"),
        ({"via": "orphan"}, "an orphan"),
        ({"owner": Process(pid=5, name="node", user="bob")}, "runs as bob"),
        ({"owner": None, "user": "bob"}, "runs as bob"),
        ({"owner": None}, "its owner is hidden"),
        ({"project": None}, "works in no project"),
    ],
)
def test_what_speaks_against_it(change: dict[str, object], text: str):
    assert doubts_of(replace(FITS, **change), "ann") == (text,)


def test_all_that_speaks_against_it_is_said_the_gravest_first():
    found = doubts_of(replace(FITS, via="codex", orphan=True, project=None), "bob")
    assert found == ("started by codex", "an orphan", "runs as ann", "works in no project")
