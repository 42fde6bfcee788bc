"""How far each has come that is started: as a line in a pipe, as a sentence, and called off from elsewhere."""

import os
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portdash.supervisor.cancelling import Cancel
from portdash.supervisor.progress import COURSE, Course, How, Progress, read_line, sentence, told_to
from portdash.supervisor.together import _Ear
from portdash.supervisor.up import Stage
from portdash.text import LONGEST

PROGRESS = st.builds(
    Progress,
    name=st.text(),
    how=st.sampled_from(How),
    why=st.text(),
    port=st.none() | st.integers(1, 65535),
    said=st.text(),
)


@given(PROGRESS)
def test_what_is_sent_is_one_line_and_reads_as_it_was(progress: Progress):
    line = progress.line()
    assert line.index(b"\n") == len(line) - 1
    assert read_line(line) == progress


@pytest.mark.parametrize(
    ("how", "why", "words"),
    [
        (How.BEGUN, "", ""),
        (How.UP, "", ""),
        (How.RUNS, "", ""),
        (How.RUNS, "on 4000 (node 1)", "web runs already on 4000 (node 1); it is left alone"),
        (How.HELD_BACK, "it depends on db", "web is not started: it depends on db"),
        (How.FAILED, "it ended", "error: web did not start: it ended"),
    ],
)
def test_a_terminal_is_told_what_no_run_says_itself(how: How, why: str, words: str):
    progress = Progress(name="web", how=how, why=why)
    assert sentence(progress, stays=False) == words
    assert sentence(progress, stays=True) == words + ("; all are ended" if how is How.FAILED else "")


def test_where_somebody_waits_it_is_told_and_nothing_that_is_started_knows(monkeypatch: pytest.MonkeyPatch):
    reader, writer = os.pipe()
    monkeypatch.setenv(COURSE, told_to({}, writer)[COURSE])
    os.set_inheritable(writer, True)
    course = Course()
    assert COURSE not in os.environ
    assert not os.get_inheritable(writer)
    done = Progress(name="web", how=How.UP, port=4000)
    course.tell(done)
    with os.fdopen(reader, "rb") as lines:
        assert read_line(lines.readline()) == done
    course.tell(done)  # nobody reads any more
    os.close(writer)
    Course().tell(done)  # nobody ever did


def test_of_a_complaint_without_end_no_more_is_told_than_a_person_reads():
    told: list[Progress] = []
    stage = Stage(command=lambda _: (), hear=lambda *_: None, say=lambda _: None, tell=told.append, stays=False)
    ear = _Ear(stage)
    for piece in (b"\x1b[31m\xff", b"x" * 1_000_000):
        ear.hear("web", 2, piece)
    ear.tell(Progress(name="web", how=How.FAILED))
    (progress,) = told
    assert len(progress.said) == LONGEST
    assert progress.said.isprintable()
    assert len(progress.line()) < 4096  # what a pipe takes at once


def test_what_is_called_off_ends_once_whether_it_has_begun_or_not():
    ends: list[str] = []
    before = Cancel()
    before.ask()
    with before.ending_by(lambda: ends.append("before")):
        assert ends == ["before"]
        before.ask()
    within, ended = Cancel(), Event()
    with within.ending_by(ended.set):
        assert not within.is_asked
        Thread(target=within.ask).start()
        assert ended.wait(60)
    after = Cancel()
    with after.ending_by(lambda: ends.append("after")):
        pass
    after.ask()
    assert after.is_asked
    assert ends == ["before"]
