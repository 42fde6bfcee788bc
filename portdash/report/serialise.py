"""The model as JSON-ready dicts, in exactly the names and order that other programs rely on.

What cannot be read is null and its key stays. Times are ISO 8601 in UTC. Foreign strings are cleaned; secrets in
arguments and URLs are masked. A service of another workspace than the document's is named with it: `shop/web`.
"""

import shlex
from datetime import UTC, datetime

from portdash.model.assignment import Assignment, Reason, ServiceKey, Source
from portdash.model.conflict import Conflict
from portdash.model.health import Health
from portdash.model.listener import Attribution, Listener, Ownership, Process
from portdash.model.plan import Plan, Step
from portdash.model.snapshot import SeenListener, ServiceView, Snapshot
from portdash.report.redaction import mask_secrets
from portdash.report.scope import Scope
from portdash.report.tally import tally
from portdash.report.words import service_name
from portdash.text import clean

SCHEMA_VERSION = 1
LONGEST_COMMAND = 4096
"""Characters kept of a command line."""

Json = dict[str, object]


def document(**payload: object) -> Json:
    """Return the one document that a command prints: `schema_version` first, then `payload` in the order given."""
    return {"schema_version": SCHEMA_VERSION, **payload}


def status_json(snapshot: Snapshot, *, scope: Scope | None = None, next_available: int | None = None) -> Json:
    """Return the document of `status`; without a scope it is about the workspace of the snapshot.

    `next_available` is what the planner would give a service without wishes, None when it is not known.
    """
    scope = scope or Scope(workspace=snapshot.workspace)
    return document(
        environment=clean(snapshot.environment),
        workspace=clean(snapshot.workspace),
        store={
            "url": clean(mask_secrets(snapshot.store_url)),
            "revision": snapshot.revision,
            **stale_json(snapshot.stale_since),
        },
        next_available=next_available,
        summary=summary_json(snapshot, scope),
        services=[service_json(view, snapshot) for view in scope.services(snapshot)],
        conflicts=[conflict_json(conflict, snapshot) for conflict in scope.conflicts(snapshot)],
    )


def summary_json(snapshot: Snapshot, scope: Scope) -> Json:
    """Return the counts. Notices are no conflicts here; `success_rate` is preferred / services in percent."""
    figures = tally(scope.services(snapshot))
    return {
        "services": figures.services,
        "preferred": figures.of(Source.PREFERRED),
        "fallback": figures.of(Source.FALLBACK),
        "inherited": figures.of(Source.INHERITED),
        "detected": figures.of(Source.DETECTED),
        "conflicts": sum(1 for conflict in scope.conflicts(snapshot) if not conflict.kind.is_notice),
        "attempts": figures.attempts,
        "success_rate": figures.success_rate,
    }


def service_json(view: ServiceView, snapshot: Snapshot) -> Json:
    """Return a Service. Its listeners are those on its port, then its own servers on other ports."""
    row, key, spec = view.assignment, view.key, view.spec
    seen = [_seen(listener, view, snapshot) for listener in (*view.listeners, *view.elsewhere)]
    return {
        "name": clean(view.name),
        "workspace": clean(key.workspace),
        "environment": clean(key.environment),
        "host": clean(key.host),
        "type": clean(spec.type) if spec.type else None,
        "purpose": clean(spec.purpose),
        "protocol": key.protocol.value,
        "port": view.port,
        "home": row.home if row else None,
        "preferred": list(spec.preferred),
        "priority": spec.priority,
        "pin": spec.pin,
        "source": row.source.value if row else None,
        "attempts": row.attempts if row else 0,
        "status": view.status.value,
        "ownership": view.attribution.ownership.value if view.attribution else None,
        "health": health_json(view.health),
        "listeners": [listener_json(each, snapshot) for each in seen],
        "reasons": [reason_json(reason) for reason in row.reasons] if row else [],
    }


def health_json(health: Health) -> Json:
    """Return a service's health."""
    return {
        "state": health.state.value,
        "level": health.level.value,
        "latency_ms": None if health.latency_ms is None else round(health.latency_ms, 3),
        "detail": clean(mask_secrets(health.detail)),
    }


def reason_json(reason: Reason) -> Json:
    """Return one candidate and what became of it."""
    return {
        "port": reason.port,
        "verdict": reason.verdict.value,
        "holder": clean(reason.holder) if reason.holder else None,
    }


def listener_json(seen: SeenListener, snapshot: Snapshot, *, arguments: bool = False) -> Json:
    """Return a Listener. Its `command` is null unless `arguments`: command lines hold what should not travel.

    Of a container's port the process is null, too: who holds it among the `pids` serves nothing.
    """
    listener, owner = seen.listener, seen.listener.server
    return {
        "protocol": listener.protocol.value,
        "address": clean(listener.address),
        "port": listener.port,
        "pid": owner.pid if owner else None,
        "pids": list(listener.pids),
        "process": clean(owner.name) if owner and owner.name else None,
        "command": _command(owner.command) if arguments and owner and owner.command else None,
        "user": _cleaned((owner.user if owner else None) or listener.user),
        "cwd": clean(owner.cwd, limit=LONGEST_COMMAND) if owner and owner.cwd else None,
        "project": clean(listener.project.label) if listener.project else None,
        "container": clean(listener.container.name) if listener.container else None,
        "via": _cleaned(listener.via),
        "connections": listener.connections,
        "orphan": listener.orphan,
        "started_at": _started_at(listener.owner),
        "service": service_name(seen, snapshot),
        "workspace": clean(seen.key.workspace) if seen.key else None,
        "ownership": seen.attribution.ownership.value if seen.key else None,
        "framework": _cleaned(listener.framework),
    }


def conflict_json(conflict: Conflict, snapshot: Snapshot) -> Json:
    """Return a Conflict."""
    return {
        "kind": conflict.kind.value,
        "service": _qualified(conflict.name, conflict.key, snapshot.workspace),
        "port": conflict.port,
        "holder": clean(conflict.holder) if conflict.holder else None,
        "detail": clean(conflict.detail, limit=LONGEST_COMMAND),
    }


def plan_json(plan: Plan) -> Json:
    """Return a Plan. What it leaves undone is one line each."""
    return {
        "strategy": plan.strategy.value,
        "steps": [_step_json(step, plan.workspace) for step in plan.steps],
        "cost": {
            "running_moved": plan.cost.running_moved,
            "moved": plan.cost.moved,
            "terminated": plan.cost.terminated,
        },
        "optimal": plan.optimal,
        "unresolved": [clean(left.text, limit=LONGEST_COMMAND) for left in plan.unresolved],
    }


def stale_json(since: float | None) -> Json:
    """Return `stale_since` of a document: when its ports were those of the store, null where they are now."""
    return {"stale_since": None if since is None else iso(since)}


def iso(at: float) -> str:
    """Return unix time in seconds as `2025-03-04T11:02:13Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _step_json(step: Step, workspace: str) -> Json:
    row: Assignment | None = step.after or step.before
    return {
        "action": step.action.value,
        "service": _qualified(row.name if row else step.key.service, step.key, workspace) if step.key else None,
        "from": step.from_port,
        "to": step.to_port,
        "target": clean(step.target.label) if step.target else None,
        "reason": clean(step.reason, limit=LONGEST_COMMAND),
    }


def _qualified(name: str, key: ServiceKey, workspace: str) -> str:
    return clean(name if key.workspace == workspace else f"{key.workspace}/{name}")


def _seen(listener: Listener, view: ServiceView, snapshot: Snapshot) -> SeenListener:
    """Return a listener of a service's view with whose it is, which need not be that service's."""
    for seen in snapshot.listeners:
        if seen.listener.port == listener.port and seen.listener == listener:
            return seen
    return SeenListener(listener, view.key, view.attribution or Attribution(Ownership.UNKNOWN))


def _command(arguments: tuple[str, ...]) -> str:
    return clean(mask_secrets(shlex.join(arguments)), limit=LONGEST_COMMAND)


def _started_at(owner: Process | None) -> str | None:
    return iso(owner.started_at) if owner and owner.started_at is not None else None


def _cleaned(text: str | None) -> str | None:
    return clean(text) if text else None
