"""The words for states, sources, owners and ages. Each in its fullest wording first, then what fits a narrow column."""

import re
from typing import NamedTuple

from portdash.dashboard import glyphs as g
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.row import Tone
from portdash.model.assignment import Source, Verdict
from portdash.model.conflict import Conflict
from portdash.model.health import Health, HealthState
from portdash.model.listener import Listener
from portdash.model.snapshot import ServiceView


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


def state_of(view: ServiceView) -> State:
    """Say in a glyph and a word how a service stands."""
    if conflict := worst_conflict(view):
        return State(g.TROUBLE, conflict.kind.value.replace("_", " "), Tone.WARN, 0)
    health = view.health
    if view.is_running and (state := _health_state(health)):
        return state
    if view.is_running:
        latency = f" {health.latency_ms:.0f}ms" if health.latency_ms is not None else ""
        return State(g.RUNNING, f"running{latency}", Tone.OK, 4)
    if view.listeners:
        return State(g.UNKNOWN, "unknown", Tone.DIM, 3)
    if view.assignment is None:
        return State(g.IDLE, "no port yet", Tone.DIM, 3)
    return State(g.IDLE, "not running", Tone.DIM, 3)


def _health_state(health: Health) -> State | None:
    found = re.match(r"flapping \d+x|\d+\w*", health.detail)
    figure = found[0] if found else ""
    word = figure if figure.startswith("flapping") else f"{health.state.value} {figure}".rstrip()
    match health.state:
        case HealthState.UNHEALTHY:
            return State(g.UNHEALTHY, word, Tone.BAD, 1)
        case HealthState.HUNG:
            return State(g.HUNG, word, Tone.BAD, 1)
        case HealthState.DEGRADED:
            return State(g.DEGRADED, word, Tone.WARN, 2)
        case HealthState.STARTING:
            return State(g.STARTING, word, Tone.WARN, 4)
        case HealthState.HEALTHY | HealthState.UNKNOWN:
            return None


def worst_conflict(view: ServiceView) -> Conflict | None:
    """Return the conflict that gives the service its state; notices do not."""
    return next((conflict for conflict in view.conflicts if not conflict.kind.is_notice), None)


def source_of(view: ServiceView) -> str:
    """Say how the service came to its port, and what it missed."""
    row = view.assignment
    if row is None:
        return "declared"
    missed = row.home or (view.spec.preferred[0] if view.spec.preferred else None)
    if missed == row.port:
        missed = None
    if missed and view.home_free and row.source in (Source.FALLBACK, Source.SEQUENTIAL):
        return f"{missed} free now"
    match row.source:
        case Source.FALLBACK:
            missed = missed or next((reason.port for reason in row.reasons if reason.port != row.port), None)
            return f"fallback {missed}" if missed else "fallback"
        case Source.INHERITED:
            return f"inherited {view.spec.inherit_from or ''}".rstrip()
        case Source.OVERRIDE:
            return f"override {view.spec.env or ''}".rstrip()
        case Source.PREFERRED | Source.DETECTED | Source.SEQUENTIAL:
            return row.source.value


def is_second_choice(view: ServiceView) -> bool:
    """Say whether it has another port than the one it asked for first."""
    row = view.assignment
    if row is None or row.source is Source.INHERITED:
        return False
    return row.source is Source.FALLBACK or bool(view.spec.preferred and row.port != view.spec.preferred[0])


def age(seconds: float) -> str:
    """Return a span of time in at most five cells: `4s`, `3m`, `2h14`, `1d2h`, `12d`."""
    whole = max(0, int(seconds))
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 60:
        return f"{whole}s"
    if hours == 0:
        return f"{minutes}m"
    if days == 0:
        return f"{hours}h{minutes % 60:02}" if hours < 10 and minutes % 60 else f"{hours}h"
    if days < 10 and hours % 24 < 10:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    return f"{days}d" if days < 1000 else f"{days // 365}y"


def started_at(listener: Listener | None) -> float | None:
    """Return when the owner of a listener was started."""
    return listener.owner.started_at if listener and listener.owner else None


def up_of(listener: Listener | None, facts: Facts, key: tuple[str, object] | None = None) -> tuple[str, ...]:
    """Say how long it has been up; a row that is new or gone says so."""
    if key in facts.gone:
        return ("gone",)
    if key is not None and (since := facts.new.get(key)) is not None:
        seconds = age(facts.now - since)
        return (f"new {seconds}", "new")
    since = started_at(listener)
    return (age(facts.now - since),) if since is not None else ("",)


def via_of(listener: Listener | None) -> str:
    """Say what started it or keeps it."""
    if listener is None:
        return ""
    return listener.via or ("orphan" if listener.orphan else "")


def reason_text(verdict: Verdict, holder: str | None) -> str:
    """Say what became of a candidate port."""
    words = {
        Verdict.CHOSEN: "chosen",
        Verdict.ASSIGNED: f"assigned to {holder}" if holder else "another service's",
        Verdict.LISTENING: f"held by {holder}" if holder else "somebody listens there",
        Verdict.PREFERRED_BY: f"{holder} prefers it" if holder else "another service prefers it",
        Verdict.QUARANTINED: "given back less than a minute ago",
        Verdict.VANISHED: "of a workspace whose directory is gone",
        Verdict.EPHEMERAL: "handed out by the system to outgoing connections",
        Verdict.BROWSER_BLOCKED: "browsers refuse it",
        Verdict.MUTUAL: f"must not be shared with {holder}" if holder else "must not be shared",
        Verdict.NOT_A_PORT: f"{holder} is not a port" if holder else "not a port",
    }
    return words.get(verdict, verdict.value.replace("_", " ") + (f": {holder}" if holder else ""))
