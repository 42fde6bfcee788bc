import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from report_world import FIX, NOW, assignment, key_of, node, snapshot_of, squatted, view_of

from portdash.model.assignment import Source
from portdash.model.conflict import Conflict, ConflictKind
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.plan import Action, Cost, Plan, Step, Strategy, Target, Unresolved
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import SeenListener, ServiceView, Status
from portdash.report.scope import Scope
from portdash.report.serialise import (
    conflict_json,
    document,
    iso,
    listener_json,
    plan_json,
    service_json,
    status_json,
)

SERVICE = [
    "name",
    "workspace",
    "environment",
    "host",
    "type",
    "purpose",
    "protocol",
    "port",
    "home",
    "preferred",
    "priority",
    "pin",
    "source",
    "attempts",
    "status",
    "ownership",
    "health",
    "listeners",
    "reasons",
]
LISTENER = [
    "protocol",
    "address",
    "port",
    "pid",
    "pids",
    "process",
    "command",
    "user",
    "cwd",
    "project",
    "container",
    "via",
    "connections",
    "orphan",
    "started_at",
    "service",
    "workspace",
    "ownership",
    "framework",
]
SUMMARY = ["services", "preferred", "fallback", "inherited", "detected", "conflicts", "attempts", "success_rate"]
STATUS = ["schema_version", "environment", "workspace", "store", "next_available", "summary", "services", "conflicts"]


def test_a_document_starts_with_its_version():
    assert list(document(port=1, free=True)) == ["schema_version", "port", "free"]
    assert document()["schema_version"] == 1


def test_status_has_the_names_of_the_contract_in_their_order():
    status = status_json(squatted(), next_available=4000)
    assert list(status) == STATUS
    assert list(status["summary"]) == SUMMARY
    assert list(status["store"]) == ["url", "revision", "stale_since"]
    assert status["next_available"] == 4000
    assert json.loads(json.dumps(status)) == status


def test_status_counts():
    summary = status_json(squatted())["summary"]
    assert summary == {
        "services": 3,
        "preferred": 2,
        "fallback": 1,
        "inherited": 0,
        "detected": 0,
        "conflicts": 1,
        "attempts": 4,
        "success_rate": 66.7,
    }


def test_an_empty_status():
    status = status_json(snapshot_of())
    assert status["summary"]["success_rate"] == 0.0
    assert status["services"] == []
    assert status["next_available"] is None


def test_notices_do_not_count_as_conflicts_but_are_listed():
    row = assignment("web", 3000)
    notice = Conflict(kind=ConflictKind.OUT_OF_RANGE, key=row.key, name="web", port=3000)
    status = status_json(snapshot_of(view_of(row, conflicts=(notice,))))
    assert status["summary"]["conflicts"] == 0
    assert [each["kind"] for each in status["conflicts"]] == ["out_of_range"]


def test_scope_chooses_workspaces_and_services():
    snapshot = squatted()
    everything = status_json(snapshot, scope=Scope())
    assert [(each["workspace"], each["name"]) for each in everything["services"]] == [
        ("shop", "db"),
        ("shop", "web"),
        ("shop", "worker"),
        ("shop~1a2b", "web"),
    ]
    one = status_json(snapshot, scope=Scope(service=key_of("web")))
    assert [each["name"] for each in one["services"]] == ["web"]
    assert len(one["conflicts"]) == 1
    fix = status_json(snapshot, scope=Scope(workspace=FIX.name))["conflicts"]
    assert [each["service"] for each in fix] == ["shop~1a2b/web"]


def test_a_service():
    snapshot = squatted()
    web = service_json(snapshot.services[1], snapshot)
    assert list(web) == SERVICE
    assert web["health"] == {"state": "unknown", "level": "none", "latency_ms": None, "detail": ""}
    assert (web["port"], web["source"], web["status"], web["ownership"]) == (3000, "preferred", "conflict", "foreign")
    holder = web["listeners"][0]
    # The listener itself is the other checkout's own: whose it is does not depend on who is asked about.
    assert (holder["service"], holder["workspace"], holder["ownership"]) == ("web", "shop~1a2b", "confirmed")
    worker = service_json(snapshot.services[2], snapshot)
    assert worker["reasons"] == [
        {"port": 5173, "verdict": "assigned", "holder": "blog/web"},
        {"port": 5174, "verdict": "chosen", "holder": None},
    ]
    assert worker["ownership"] is None


def test_servers_on_other_ports_are_among_a_services_listeners():
    snapshot = squatted()
    assert [each["port"] for each in service_json(snapshot.services[3], snapshot)["listeners"]] == [3000]


def test_a_service_without_a_port_keeps_every_key():
    row = assignment("web", 3000)
    view = ServiceView(key=row.key, spec=row.spec, assignment=None, status=Status.STOPPED)
    service = service_json(view, snapshot_of(view))
    assert list(service) == SERVICE
    assert (service["port"], service["source"], service["attempts"], service["reasons"]) == (None, None, 0, [])


def test_health_of_a_service():
    health = Health(state=HealthState.UNHEALTHY, level=HealthLevel.HTTP, latency_ms=12.5, detail="status 503\n")
    view = view_of(assignment("web", 3000), health=health)
    assert service_json(view, snapshot_of(view))["health"] == {
        "state": "unhealthy",
        "level": "http",
        "latency_ms": 12.5,
        "detail": "status 503\\x0a",
    }


def test_a_listener_shows_arguments_only_when_asked_and_secrets_never():
    snapshot = squatted()
    seen = snapshot.listeners[0]
    quiet, full = listener_json(seen, snapshot), listener_json(seen, snapshot, arguments=True)
    assert list(quiet) == list(full) == LISTENER
    assert quiet["command"] is None
    assert full["command"] == "node server.js --token ***"
    assert (full["pid"], full["process"], full["project"], full["via"]) == (4121, "node", "shop@fix-login", "claude")
    assert full["started_at"] == "2025-03-04T10:58:42Z"


def test_an_unreadable_listener_keeps_every_key():
    snapshot = squatted()
    hidden = listener_json(snapshot.listeners[2], snapshot, arguments=True)
    assert list(hidden) == LISTENER
    unread = ("pid", "process", "command", "cwd", "project", "container", "via", "connections", "started_at")
    assert all(hidden[name] is None for name in (*unread, "service", "workspace", "ownership"))
    assert (hidden["protocol"], hidden["port"], hidden["user"], hidden["pids"]) == ("udp", 5353, "avahi", [])


def test_no_argument_reaches_the_status():
    assert "s3cr3t" not in json.dumps(status_json(squatted(), scope=Scope()))
    assert "server.js" not in json.dumps(status_json(squatted(), scope=Scope()))


def test_credentials_of_a_store_are_masked():
    status = status_json(snapshot_of(store_url="redis://ann:hunter2@10.0.0.1:6379/0"))
    assert status["store"]["url"] == "redis://***@10.0.0.1:6379/0"


def test_a_conflict_is_qualified_outside_its_workspace():
    snapshot = squatted()
    conflict = snapshot.conflicts[0]
    assert conflict_json(conflict, snapshot) == {
        "kind": "squatted",
        "service": "web",
        "port": 3000,
        "holder": "node 4121 (shop@fix-login)",
        "detail": "node 4121 of shop@fix-login has 3000",
    }
    assert conflict_json(conflict, replace(snapshot, workspace="blog"))["service"] == "shop/web"


def test_a_plan():
    before = assignment("web", 3000)
    target = Target(label="node 4121", protocol=IpProtocol.TCP, port=3000, pid=4121)
    plan = Plan(
        title="resolve web",
        strategy=Strategy.AGGRESSIVE,
        workspace="shop",
        revision=7,
        steps=(
            Step(action=Action.TERMINATE, reason="holds 3000", target=target),
            Step(
                action=Action.MOVE,
                reason="3003 is free",
                key=before.key,
                before=before,
                options=(replace(before, port=3003, source=Source.FALLBACK), replace(before, port=3004)),
            ),
            Step(action=Action.RELEASE, reason="asked", key=key_of("web", FIX.name)),
        ),
        cost=Cost(running_moved=1, moved=2, lost=1, terminated=1),
        optimal=False,
        unresolved=(Unresolved("web stays\nsquatted"),),
    )
    assert plan_json(plan) == {
        "strategy": "aggressive",
        "steps": [
            {
                "action": "terminate",
                "service": None,
                "from": None,
                "to": None,
                "target": "node 4121",
                "reason": "holds 3000",
            },
            {
                "action": "move",
                "service": "web",
                "from": 3000,
                "to": 3003,
                "target": None,
                "reason": "3003 is free",
            },
            {
                "action": "release",
                "service": "shop~1a2b/web",
                "from": None,
                "to": None,
                "target": None,
                "reason": "asked",
            },
        ],
        "cost": {"running_moved": 1, "moved": 2, "terminated": 1},
        "optimal": False,
        "unresolved": ["web stays\\x0asquatted"],
    }
    assert list(plan_json(plan)) == ["strategy", "steps", "cost", "optimal", "unresolved"]
    assert list(plan_json(plan)["steps"][0]) == ["action", "service", "from", "to", "target", "reason"]


def test_times_are_utc():
    assert iso(NOW) == "2025-03-04T11:02:02Z"
    assert iso(0.0) == "1970-01-01T00:00:00Z"


@given(st.text(max_size=300), st.lists(st.text(max_size=40), max_size=5))
def test_whatever_a_process_is_called_the_document_is_printable(name: str, arguments: list[str]):
    listener = node(4121, 3000)
    owner = replace(listener.owner, name=name, cwd="/" + name, command=tuple(arguments), user=name)
    seen = SeenListener(replace(listener, owner=owner, via=name, address=name))
    for value in listener_json(seen, snapshot_of(), arguments=True).values():
        assert not isinstance(value, str) or value.isprintable()
