"""The words for states, sources, owners and ages. Each in its fullest wording first, then what fits a narrow column."""

import re
from typing import NamedTuple

from portdash.dashboard import glyphs as g
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.row import Tone, service_row_key
from portdash.model.assignment import Source, Verdict
from portdash.model.conflict import Conflict, ConflictKind
from portdash.model.health import Health, HealthState
from portdash.model.listener import Listener, Ownership, Process
from portdash.model.snapshot import SeenListener, ServiceView

SIGNS = {
    Ownership.CONFIRMED: g.CONFIRMED,
    Ownership.PRESUMED: g.PRESUMED,
    Ownership.FOREIGN: g.FOREIGN,
    Ownership.UNKNOWN: g.UNKNOWN,
}

_INTERPRETERS = frozenset({"node", "bun", "deno", "python", "python3", "ruby", "php", "java", "perl"})
_SCRIPT_ENDING = re.compile(r"\.(?:c|m)?(?:js|ts|py|rb|php|pl|jar)$")


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


def own_server(view: ServiceView) -> Listener | None:
    """Return the listener the row is about: who sits on the port, or where the service runs instead."""
    conflict = worst_conflict(view)
    if conflict and conflict.kind is ConflictKind.MISPLACED and view.elsewhere:
        return view.elsewhere[0]
    if view.listeners:
        return view.listeners[0]
    return view.elsewhere[0] if view.elsewhere else None


def held_by(view: ServiceView, facts: Facts) -> tuple[str, ...]:
    """Say who has the service's port, with `= ~ ≠ ?` for whose it is."""
    if service_row_key(view) in facts.gone:
        return ("  released",)
    conflict = worst_conflict(view)
    if conflict and conflict.kind is ConflictKind.MISPLACED and view.elsewhere:
        there = view.elsewhere[0]
        return (f"  runs on {there.port}: {there.label}", f"  on {there.port}: {there.label}")
    if not view.listeners:
        if view.elsewhere:
            return (f"  runs on {view.elsewhere[0].port}",)
        return _absent(view, facts)
    return _holders(view, facts)


def _absent(view: ServiceView, facts: Facts) -> tuple[str, ...]:
    if view.assignment is None:
        return ("  a allocates it", "")
    last = facts.last_running.get(view.key)
    if last is None:
        return ("  port free",)
    ago = f"  exited {age(facts.now - last)} ago"
    return (f"{ago}, port free", ago)


def _holders(view: ServiceView, facts: Facts) -> tuple[str, ...]:
    owners: dict[tuple[str, str], SeenListener] = {}
    for seen in facts.seen.get(view.port or 0, ()):
        if seen.listener.protocol is view.key.protocol:
            owners.setdefault((sign_of(seen, view), seen.listener.label), seen)
    if not owners:
        attribution = view.attribution
        sign = SIGNS[attribution.ownership] if attribution else g.UNKNOWN
        return (f"{sign} {view.listeners[0].label}",)
    ranked = sorted(owners.items(), key=lambda item: item[0][0] in (g.FOREIGN, g.UNKNOWN))
    (sign, label), first = ranked[0]
    if len(ranked) > 1:
        (sign2, label2), second = ranked[1]
        address = second.listener.address
        both = f"{sign} {label}, {sign2} {label2}"
        return (f"{both} on {address}", both, f"{sign} {short_label(first.listener)}, {sign2} {label2}")
    place = _place(first.listener, view, facts) if sign == g.FOREIGN else ""
    waiting = _waiting(view)
    near = f" @{place.partition('@')[2]}" if "@" in place else ""
    texts = (
        f"{sign} {label}{waiting}{'  ' + place if place else ''}",
        f"{sign} {label}{waiting} {place}".rstrip(),
        f"{sign} {label}{waiting}{near}",
        f"{sign} {short_label(first.listener)}{waiting}",
        f"{sign} {short_label(first.listener)}",
    )
    return tuple(dict.fromkeys(texts))


def sign_of(seen: SeenListener, view: ServiceView) -> str:
    """Return the sign for whose a listener on the port of `view` is, from where `view` stands."""
    if seen.key == view.key:
        return SIGNS[seen.attribution.ownership]
    if view.attribution and seen.listener in view.listeners[:1]:
        return SIGNS[view.attribution.ownership]
    return SIGNS[Ownership.CONFIRMED if view.spec.inherit_from and seen.is_owned else Ownership.FOREIGN]


def _place(listener: Listener, view: ServiceView, facts: Facts) -> str:
    """Return which checkout a foreign listener runs in."""
    project = listener.project
    if project is None:
        return ""
    own = facts.snapshot.workspace_named(view.key.workspace)
    return "" if own and own.root == project.root else project.label


def _waiting(view: ServiceView) -> str:
    if view.health.state is not HealthState.HUNG:
        return ""
    found = re.search(r"(\d+) waiting", view.health.detail)
    return f", {found[0]}" if found else ""


def short_label(listener: Listener) -> str:
    """Return who listens, without what the place beside it says."""
    return listener.container.name if listener.container else listener.label


def what_runs(process: Process | None) -> str:
    """Return what an interpreter was started for (`vite preview`); empty where the process name says it."""
    words = _past_interpreter(process.command) if process and process.command else ()
    if not words or (process and words[0] == process.name):
        return ""
    if words[0].startswith("-"):
        return "inspector" if words[0].startswith("--inspect") else ""
    plain = re.fullmatch(r"[a-z]{2,10}", words[1]) if len(words) > 1 else None
    return f"{words[0]} {words[1]}" if plain else words[0]


def short_command(command: tuple[str, ...] | None) -> str:
    """Return a command line without what everybody knows: interpreter, directories, endings (`next dev -p 3000`)."""
    if not command:
        return ""
    words = _past_interpreter(command)
    if words and not words[0].startswith("-"):
        return " ".join(words)
    return " ".join((command[0].rpartition("/")[2], *command[1:]))


def _past_interpreter(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the script an interpreter runs and its arguments; nothing where no interpreter runs."""
    program = re.sub(r"[\d.]+$", "", command[0].rpartition("/")[2])
    words = command[1:]
    if program not in _INTERPRETERS or not words:
        return ()
    if words[0] == "-m" and len(words) > 1:
        return words[1:]
    if words[0].startswith("-"):
        return words
    return (_SCRIPT_ENDING.sub("", words[0].rpartition("/")[2]), *words[1:])


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
