"""Who holds a port, whose they are, and what they run: in the fullest wording first, then what fits a narrow column."""

import re

from portdash.dashboard import glyphs as g
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.row import Other, Row, service_row_key
from portdash.manager.naming import INTERPRETERS
from portdash.model.conflict import ConflictKind
from portdash.model.health import HealthState
from portdash.model.listener import Listener, Ownership, Process
from portdash.model.snapshot import SeenListener, ServiceView
from portdash.report.words import SIGNS, age, short_host, worst_conflict

_LOOK = 5.0
"""Seconds before it was last seen running that an end may be noted which came after: a look takes a while."""
_SCRIPT_ENDING = re.compile(r"\.(?:c|m)?(?:js|ts|py|rb|php|pl|jar)$")


def own_server(view: ServiceView) -> Listener | None:
    """Return the listener the row is about: who sits on the port, or where the service runs instead."""
    conflict = worst_conflict(view)
    if conflict and conflict.kind is ConflictKind.MISPLACED and view.elsewhere:
        return view.elsewhere[0]
    if view.listeners:
        return view.listeners[0]
    return view.elsewhere[0] if view.elsewhere else None


def server_of(row: Row) -> Listener | None:
    """Return the listener that a row of any kind is about, if there is one."""
    if row.socket is not None:
        return row.socket
    if isinstance(row.subject, Other):
        return row.subject.listener
    return own_server(row.subject) if isinstance(row.subject, ServiceView) else None


def held_by(view: ServiceView, facts: Facts) -> tuple[str, ...]:
    """Say who has the service's port, with `= ~ ≠ ?` for whose it is."""
    if vanished := facts.gone.get(service_row_key(view)):
        return _vanished(view, facts, vanished[1])
    if view.is_remote:
        return _far(view)
    conflict = worst_conflict(view)
    if conflict and conflict.kind is ConflictKind.MISPLACED and view.elsewhere:
        there = view.elsewhere[0]
        return (f"  runs on {there.port}: {there.label}", f"  on {there.port}: {there.label}")
    if not view.listeners:
        if view.elsewhere:
            return (f"  runs on {view.elsewhere[0].port}",)
        return _absent(view, facts)
    return _holders(view, facts)


def _vanished(view: ServiceView, facts: Facts, at: float) -> tuple[str, ...]:
    """Say why a service is no more that was there until `at`."""
    if at == facts.lost_at:
        return ("  lost with the store it was in", "  lost")
    if view.assignment is None:
        return ("  declared no more",)
    return ("  released",)


def _far(view: ServiceView) -> tuple[str, ...]:
    host = short_host(view.key.host)
    if not view.heard:
        return (f"  on host {host}, not heard of", "  not heard of")
    return (f"  on host {host}", f"  {host}")


def _absent(view: ServiceView, facts: Facts) -> tuple[str, ...]:
    if view.assignment is None:
        return (f"  {facts.keys.way('allocate')} allocates it", "")
    lease, exited = facts.snapshot.leases.get(view.key), exit_of(view, facts)
    if lease is not None and lease.supervised:
        return _run_by(f"portdash {lease.pid}", exited, view, facts)
    if exited:
        return (f"  {exited}, port free", f"  {exited}")
    return ("  never seen, port free", "  never seen") if view.key in facts.unseen else ("  port free",)


def _run_by(run: str, exited: str, view: ServiceView, facts: Facts) -> tuple[str, ...]:
    """Say what the `run` is about that a service has and that lives, while the service does not listen."""
    if end := facts.ends.get(view.key):  # a start takes this away
        again = (f"  {exited}, {run} starts it again", f"  {exited}, starts again") if end.status is not None else ()
        return (*again, f"  {exited}")
    if view.health.state is HealthState.STARTING or view.health.is_flapping:
        return (f"  {run} starts it", "  starts")
    return (f"  {run} runs it, and it does not listen", "  does not listen")


def exit_of(view: ServiceView, facts: Facts) -> str:
    """Say when a service that does not run was last seen to, and with what code it ended where a `run` has noted it."""
    last, end = facts.last_running.get(view.key), facts.ends.get(view.key)
    code = ""
    if end is not None and (last is None or end.at >= last - _LOOK):
        last, code = end.at, "" if end.status is None else f", code {end.status}"
    if last is None or view.assignment is None or last < view.assignment.assigned_at:
        return ""  # what ran then had another assignment
    return f"exited {age(max(0.0, facts.now - last))} ago{code}"


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


def command_of(listener: Listener | None) -> str:
    """Return a listener's command in short, for a container its image; empty where it is not known."""
    if listener is None:
        return ""
    command = short_command(listener.server.command if listener.server else None)
    return command or (listener.container.image or "" if listener.container else "")


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
    words = command[1:]
    if not words or not INTERPRETERS.fullmatch(command[0].rpartition("/")[2]):
        return ()
    if words[0] == "-m" and len(words) > 1:
        return words[1:]
    if words[0].startswith("-"):
        return words
    return (_SCRIPT_ENDING.sub("", words[0].rpartition("/")[2]), *words[1:])
