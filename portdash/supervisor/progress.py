"""How far each of several services has come that are started together: told in the same process, or through a pipe."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum

from portdash.record import record
from portdash.text import clean

COURSE = "PORTDASH_COURSE_FD"
"""Variable that names the descriptor for the lines of a start that somebody in another process waits for."""


class How(StrEnum):
    """What there is to say of one."""

    BEGUN = "begun"
    """Its `run` was started."""
    UP = "up"
    """It listens, and is well where a check is declared."""
    RUNS = "runs"
    """It ran already, and is left alone."""
    HELD_BACK = "held back"
    """It is not started: what it depends on is not up."""
    FAILED = "failed"
    ENDED = "ended"
    """It was started, and ended again: the start of all was called off."""


@record(kw_only=True)
class Progress:
    """How far one has come. After BEGUN there is more to come; after UP only ENDED."""

    name: str
    how: How
    why: str = ""
    """Where or how it runs, what holds it back, or why it failed."""
    port: int | None = None
    said: str = ""
    """The last line that it has printed, or its `run` said, where it failed before it listened: cleaned, and cut where
    it is longer than anybody reads."""

    def line(self) -> bytes:
        """Return it as it is sent."""
        fields = {"name": self.name, "how": self.how, "why": self.why, "port": self.port, "said": self.said}
        return json.dumps(fields).encode() + b"\n"


Tell = Callable[[Progress], None]


def read_line(line: bytes) -> Progress:
    """Return what a whole line tells."""
    fields = json.loads(line)
    return Progress(**{**fields, "how": How(fields["how"])})


def sentence(progress: Progress, *, stays: bool) -> str:
    """Return what is said of it to a person before a terminal; nothing of one that says it itself.

    `stays`: whether we stay with those that are started, so that one that fails ends all.
    """
    name = clean(progress.name)
    match progress.how:
        case How.HELD_BACK:
            return f"{name} is not started: {progress.why}"
        case How.RUNS if progress.why:
            return f"{name} runs already {progress.why}; it is left alone"
        case How.FAILED:
            return f"error: {name} did not start: {progress.why}{'; all are ended' if stays else ''}"
        case _:
            return ""


def told_to(environ: Mapping[str, str], descriptor: int) -> dict[str, str]:
    """Return the environment of an `up` that tells its course through `descriptor`, which it must inherit."""
    return {**environ, COURSE: str(descriptor)}


class Course:
    """The side of the `up`; without a word where nobody waits."""

    def __init__(self) -> None:
        text = os.environ.pop(COURSE, "")  # what it starts is waited for by itself alone
        self._descriptor = int(text) if text.isdigit() else None
        if self._descriptor is not None:
            os.set_inheritable(self._descriptor, False)

    def tell(self, progress: Progress) -> None:
        """Tell how far one has come."""
        if self._descriptor is not None:
            with suppress(OSError):  # who waited has ended
                os.write(self._descriptor, progress.line())
