"""What the columns say of states, sources and ages: the report's words, with what only a list that lives can tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from portdash.dashboard import glyphs as g
from portdash.dashboard.rows.row import Kind, Tone
from portdash.model.assignment import Source
from portdash.model.health import HealthLevel, HealthState
from portdash.model.listener import Listener
from portdash.model.snapshot import ServiceView
from portdash.named_tuple import NamedTuple
from portdash.report.words import age, missed_port, source_phrase, state_word, worst_conflict

if TYPE_CHECKING:
    from portdash.dashboard.rows.facts import Facts


class State(NamedTuple):
    """How a service stands, worst word first."""

    glyph: str
    word: str
    tone: Tone
    severity: int
    """0 is trouble of intent against reality, 1 a dead answer, 2 a bad one, 3 nobody runs, 4 well."""

    @property
    def is_trouble(self) -> bool:
        """Whether `!` shows it and `n` stops at it."""
        return self.severity <= 2

    @property
    def is_well(self) -> bool:
        """Whether it runs where it should."""
        return self.severity == 4


_UNWELL = {
    HealthState.UNHEALTHY: (g.UNHEALTHY, Tone.BAD, 1),
    HealthState.HUNG: (g.HUNG, Tone.BAD, 1),
    HealthState.DEGRADED: (g.DEGRADED, Tone.WARN, 2),
    HealthState.STARTING: (g.STARTING, Tone.WARN, 4),
}


BY_KERNEL = "told by the kernel"
PROOFS = {
    HealthLevel.KERNEL: f"{BY_KERNEL}; no packet was sent",
    HealthLevel.CONTAINER: "told by its container's own check",
    HealthLevel.CONNECT: "checked by connecting, which proves little",
    HealthLevel.PROTOCOL: "checked in its own way",
    HealthLevel.HTTP: "checked over HTTP",
}
"""What a verdict on health rests on."""


def state_of(view: ServiceView) -> State:
    """Say in a glyph and a word how a service stands; the word is the report's, with its figure."""
    word, health = state_word(view), view.health
    if view.is_remote:
        return State(g.RUNNING, word, Tone.OK, 4) if view.heard else State(g.UNKNOWN, word, Tone.DIM, 3)
    if worst_conflict(view):
        return State(g.TROUBLE, word, Tone.WARN, 0)
    if health.is_flapping:
        return State(g.DEGRADED, _with_figure(word, health.detail), Tone.WARN, 2)
    if not view.is_running:
        return _idle(view, word)
    if health.state in _UNWELL:
        glyph, tone, severity = _UNWELL[health.state]
        return State(glyph, _with_figure(word, health.detail), tone, severity)
    latency = f" {_short(health.latency_ms)}" if health.latency_ms is not None else ""
    return State(g.RUNNING, f"running{latency}", Tone.OK, 4)


def _idle(view: ServiceView, word: str) -> State:
    if view.listeners:
        return State(g.UNKNOWN, word, Tone.DIM, 3)
    if view.health.state is HealthState.STARTING:
        return State(g.STARTING, f"starting {view.health.detail}".rstrip(), Tone.WARN, 3)
    return State(g.IDLE, word, Tone.DIM, 3)


def _short(milliseconds: float) -> str:
    """Say a latency in four cells: `12ms`, `0.2s`, `14s`."""
    if milliseconds < 99.5:
        return f"{milliseconds:.0f}ms"
    seconds = milliseconds / 1000
    return f"{seconds:.1f}s" if seconds < 9.95 else f"{seconds:.0f}s"


def _with_figure(word: str, detail: str) -> str:
    found = re.match(r"flapping \d+x|\d+\w*", detail)
    figure = found[0] if found else ""
    return figure if figure.startswith("flapping") else f"{word} {figure}".rstrip()


def beside(state: State, detail: str) -> str:
    """Return what a verdict's detail tells that the word does not say already: `5 waiting` beside `hung 40s`."""
    first, _, rest = detail.partition(", ")
    return rest if state.word.endswith(f" {first}") else "" if detail in state.word else detail


def source_of(view: ServiceView) -> str:
    """Say how the service came to its port, and what it missed, or that what it missed can be had now."""
    row = view.assignment
    if row is None:
        return "declared"
    missed = missed_port(row) if view.home_free and row.source in (Source.FALLBACK, Source.SEQUENTIAL) else None
    if missed and not any(each.port == missed for each in view.elsewhere):  # its own server there is no free port
        return f"{missed} free now"
    return source_phrase(row)


def is_second_choice(view: ServiceView) -> bool:
    """Say whether it has another port than the one it asked for first."""
    row = view.assignment
    if row is None or row.source is Source.INHERITED:
        return False
    return row.source is Source.FALLBACK or bool(view.spec.preferred and row.port != view.spec.preferred[0])


def started_at(listener: Listener | None) -> float | None:
    """Return when the owner of a listener was started."""
    return listener.owner.started_at if listener and listener.owner else None


def up_of(listener: Listener | None, facts: Facts, key: tuple[str, object] | None = None) -> tuple[str, ...]:
    """Say how long it has been up; a row that is new or gone says so.

    A new row of a service whose server runs says how old that is: adopting it starts nothing.
    """
    if key in facts.gone:
        return ("gone",)
    started = started_at(listener)
    is_service = key is not None and key[0] == Kind.SERVICE
    if key is not None and (since := facts.new.get(key)) is not None and not (is_service and started is not None):
        seconds = age(facts.now - since)
        return (f"new {seconds}", "new")
    return (age(facts.now - started),) if started is not None else ("",)


def via_of(listener: Listener | None) -> str:
    """Say what started it or keeps it."""
    if listener is None:
        return ""
    return listener.via or ("orphan" if listener.orphan else "")
