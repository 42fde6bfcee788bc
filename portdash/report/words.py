"""What a snapshot's facts are called in a text for people. Everything returned is cleaned."""

from collections.abc import Iterable, Iterator

from portdash.model.assignment import Assignment, Reason, Source, Verdict
from portdash.model.conflict import Conflict
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.listener import Listener, Ownership
from portdash.model.snapshot import SeenListener, ServiceView, Snapshot, Status
from portdash.text import clean

SIGNS = {Ownership.CONFIRMED: "=", Ownership.PRESUMED: "~", Ownership.UNKNOWN: "?", Ownership.FOREIGN: "≠"}
"""Whose a listener is, in one character."""

_VERDICTS = {
    Verdict.CHOSEN: "chosen",
    Verdict.ASSIGNED: "assigned to {holder}",
    Verdict.LISTENING: "held by {holder}",
    Verdict.BOUND: "the system refuses it: {holder}",
    Verdict.RESERVED: "kept by a plan that is being applied",
    Verdict.EXCLUDED: "excluded",
    Verdict.OS_RESERVED: "reserved by the system",
    Verdict.EPHEMERAL: "in the system's range for outgoing connections",
    Verdict.PRIVILEGED: "needs a privilege",
    Verdict.BROWSER_BLOCKED: "blocked by browsers",
    Verdict.PREFERRED_BY: "preferred by {holder}",
    Verdict.QUARANTINED: "given back a moment ago by {holder}",
    Verdict.CONTAINER: "reserved by {holder}",
    Verdict.VANISHED: "kept for {holder}, whose directory is gone",
    Verdict.MUTUAL: "must not be shared with {holder}",
    Verdict.OUT_OF_RANGE: "out of range",
    Verdict.LEFT_BEHIND: "left behind",
    Verdict.NOT_A_PORT: "not a port",
}
_UNWELL = {HealthState.DEGRADED, HealthState.UNHEALTHY, HealthState.HUNG, HealthState.STARTING}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def reason_phrase(reason: Reason) -> str:
    """Return what became of a candidate: `held by node 4121 (shop@fix-login)`, `chosen`."""
    return _VERDICTS[reason.verdict].format(holder=clean(reason.holder) if reason.holder else "another")


def trail(reasons: Iterable[Reason]) -> Iterator[str]:
    """Yield what became of each candidate, a line each: `3000: held by node 4121`, `no port: not a port`.

    Neighbours that met the same end share one: `5000-5004: held by node 4121`.
    """
    first: int | None = None
    last: int | None = None
    said = ""
    for reason in reasons:
        phrase = reason_phrase(reason)
        if said == phrase and last is not None and reason.port == last + 1:
            last = reason.port
            continue
        if said:
            yield _run(first, last, said)
        first = last = reason.port
        said = phrase
    if said:
        yield _run(first, last, said)


def _run(first: int | None, last: int | None, said: str) -> str:
    ports = "no port" if first is None else str(first) if first == last else f"{first}-{last}"
    return f"{ports}: {said}"


def source_phrase(row: Assignment) -> str:
    """Return how a port came about and what was missed by it: `fallback 3000`, `inherited api`, `override PORT`.

    The port that `base` names is called so: the service preferred none.
    """
    if row.source is Source.PREFERRED and not row.spec.preferred and row.spec.base == row.port:
        return "base"
    missed: object = {
        Source.FALLBACK: missed_port(row),
        Source.INHERITED: row.spec.inherit_from,
        Source.OVERRIDE: row.spec.env,
    }.get(row.source)
    return clean(f"{row.source.value} {missed}") if missed else row.source.value


def missed_port(row: Assignment) -> int | None:
    """Return the port it would rather have: where it was moved from, what it asked for first, what it tried first."""
    wanted = (row.home, next(iter(row.spec.preferred), None), row.spec.base, *(each.port for each in row.reasons))
    missed = next((port for port in wanted if port is not None), None)
    return None if missed == row.port else missed


def state_word(view: ServiceView) -> str:
    """Return how a service stands, worst word first: `squatted`, `hung`, `running`, `not running`, `no port yet`."""
    if view.assignment is None:
        return "no port yet"
    if view.is_remote:
        return "in use there" if view.heard else "stale"
    if conflict := worst_conflict(view):
        return conflict.kind.value.replace("_", " ")
    if view.status in (Status.AVAILABLE, Status.STOPPED):
        return "unknown" if view.listeners else "not running"
    if view.health.state in _UNWELL:
        return view.health.state.value
    return "running" if view.status is Status.CONFLICT else view.status.value


def status_words(views: Iterable[ServiceView], snapshot: Snapshot) -> Iterator[str]:
    """Yield the status of each in a word; what has neither a port nor a command is neither available nor stopped."""
    with_command = {each.key for each in snapshot.declarations if each.has_command}
    for view in views:
        is_idle = view.status is Status.STOPPED and view.assignment is None
        yield "declared" if is_idle and view.key not in with_command else view.status.value


def short_host(host: str) -> str:
    """Return the beginning of a host's id, which is enough to tell hosts apart."""
    return host[:8]


def worst_conflict(view: ServiceView) -> Conflict | None:
    """Return the conflict that gives the service its state; notices do not."""
    return next((conflict for conflict in view.conflicts if not conflict.kind.is_notice), None)


def health_phrase(health: Health) -> str:
    """Return the verdict with its figure: `healthy 12ms`, `unhealthy: status 503`; empty when nothing is known.

    That it listens is all the kernel knows of a good one, and no more is said.
    """
    if health.state is HealthState.UNKNOWN:
        return ""
    if health.state is HealthState.HEALTHY and health.level is HealthLevel.KERNEL:
        return "listens"
    latency = f" {health.latency_ms:.0f}ms" if health.latency_ms is not None else ""
    detail = f": {clean(health.detail)}" if health.detail else ""
    return f"{health.state.value}{latency}{detail}"


def held_by(view: ServiceView) -> str:
    """Return who has the service's port: `= node 4415`, `≠ node 4121 shop@fix-login`, `nobody`; or where it runs."""
    if view.listeners:
        first, ownership = view.listeners[0], view.attribution.ownership if view.attribution else Ownership.UNKNOWN
        stranger = f" {first.project.label}" if first.project and not ownership.is_ours else ""
        return f"{SIGNS[ownership]} {clean(first.label + stranger)}{_and_more(view)}"
    if view.elsewhere:
        return clean(f"runs on {view.elsewhere[0].port}: {view.elsewhere[0].label}")
    return "nobody" if view.assignment else ""


def _and_more(view: ServiceView) -> str:
    others = {each.label for each in view.listeners} - {view.listeners[0].label}
    return f" and {len(others)} more" if others else ""


def service_name(seen: SeenListener, snapshot: Snapshot) -> str | None:
    """Return the name, as it was written, of the service a listener belongs to or sits on the port of."""
    if seen.key is None:
        return None
    row = snapshot.assignments.get(seen.key)
    if row:
        return clean(row.name)
    view = snapshot.service(seen.key)
    return clean(view.name if view else seen.key.service)


def staleness(snapshot: Snapshot) -> str:
    """Return how old the assignments of a snapshot are: `stale, as of 12s ago`; empty while they are current."""
    since = snapshot.stale_since
    return f"stale, as of {age(snapshot.taken_at - since)} ago" if since is not None else ""


def uptime(listener: Listener, now: float) -> str:
    """Return for how long the listener's process has run at `now`, empty where that cannot be told."""
    started = listener.owner.started_at if listener.owner else None
    return age(now - started) if started is not None else ""


def age(seconds: float) -> str:
    """Return a span in at most four characters: `12s`, `41m`, `2h14`, `11h`, `1d3h`, `6d`. A negative one is `0s`."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < _DAY:
        hours, minutes = whole // _HOUR, whole % _HOUR // _MINUTE
        return f"{hours}h{minutes:02}" if hours < 10 and minutes else f"{hours}h"
    days, hours = whole // _DAY, whole % _DAY // _HOUR
    if days < 10:
        return f"{days}d{hours}h" if 0 < hours < 10 else f"{days}d"
    return f"{days}d" if days < 1000 else f"{days // 365}y"
