"""How the course of a start reads."""

import pytest

from portdash.dashboard.screens.start_words import as_well, begun, outcome, question, verdict
from portdash.supervisor.progress import How, Progress

UP = Progress(name="db", how=How.UP, port=4000)
BEGUN = Progress(name="api", how=How.BEGUN)
FAILED = Progress(name="web", how=How.FAILED, why="it ended with status 3", said="bye\x1b[31m")


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (UP, "✓ is on 4000"),
        (BEGUN, "starting …"),
        (FAILED, "✗ it ended with status 3: bye"),
        (Progress(name="a", how=How.FAILED, why="it is not well"), "✗ it is not well"),
        (Progress(name="a", how=How.RUNS, why="on 1"), "✓ runs already on 1; left alone"),
        (Progress(name="a", how=How.HELD_BACK, why="it depends on b"), "✗ not started: it depends on b"),
        (Progress(name="a", how=How.ENDED, why="called off"), "✗ ended again: called off"),
    ],
)
def test_each_has_its_verdict(progress: Progress, words: str):
    assert verdict(progress).startswith(words)
    assert "\x1b" not in verdict(progress)


def test_what_goes_on_and_what_came_of_it():
    assert begun([UP, BEGUN, Progress(name="c", how=How.BEGUN)]) == "starting api and c …"
    assert begun([UP]) == "starting …"
    assert outcome([UP, Progress(name="api", how=How.UP, port=1)]) == ("started db and api",)
    assert outcome([Progress(name="a", how=How.RUNS)]) == ("a: runs already; left alone",)
    assert outcome([FAILED, UP])[0] == "started db"
    assert outcome([FAILED, UP])[1].startswith("web: it ended with status 3: bye")


def test_what_comes_along_is_named_with_what_needs_it():
    assert as_well(["api"]) == "started as well: api depends on it"
    assert as_well(["api", "web"]) == "started as well: api and web depend on it"
    assert as_well([]) == "started as well: it is a further instance"
    assert question(2, ()) == "start 2, each behind what it depends on? enter does it"
    assert question(2, {"db": ("a",)}) == "start 2, and db as well, each behind what it depends on? enter does it"
