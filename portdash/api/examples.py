"""Answers as they look, for the schema."""

from __future__ import annotations

from portdash.report.serialise import Json

SERVICE: Json = {
    "name": "web",
    "workspace": "shop",
    "environment": "development",
    "host": "1f0c",
    "type": "gateway",
    "purpose": "Shop front",
    "protocol": "tcp",
    "port": 3000,
    "home": None,
    "preferred": [3000],
    "priority": 2,
    "pin": False,
    "source": "preferred",
    "attempts": 1,
    "status": "available",
    "ownership": None,
    "health": {"state": "unknown", "level": "none", "latency_ms": None, "detail": ""},
    "listeners": [],
    "reasons": [{"port": 3000, "verdict": "chosen", "holder": None}],
}
CONFLICT: Json = {
    "kind": "squatted",
    "service": "web",
    "port": 3000,
    "holder": "node 4121 (blog)",
    "detail": "held by node 4121",
}
RANGE: Json = {
    "name": "api-gateway", "type": "gateway", "priority": 2, "first": 8000, "last": 8099, "total": 100, "used": 5,
    "assigned": 5, "listening": 3, "unusable": 0, "free": 95, "percent": 5.0, "ephemeral": None, "reserved": [],
}  # fmt: skip
PLAN: Json = {
    "strategy": "minimal",
    "steps": [
        {"action": "move", "service": "web", "from": 3000, "to": 3001, "target": None, "reason": "3000 is held by node"}
    ],
    "cost": {"running_moved": 0, "moved": 1, "terminated": 0},
    "optimal": True,
    "unresolved": [],
}
PORTS: Json = {
    "success": True,
    "data": {
        "server": 3000,
        "client": 5173,
        "websocket": 3000,
        "environment": "development",
        "urls": {
            "server": "http://localhost:3000",
            "client": "http://localhost:5173",
            "websocket": "ws://localhost:3000",
        },
    },
}
OVERVIEW: Json = {
    "status": "healthy",
    "timestamp": "2025-08-18T15:01:00.802Z",
    "services": {
        "websocket": {
            "status": "healthy",
            "connections": 4,
            "uptime": 177.63,
            "timestamp": "2025-08-18T15:01:00.802Z",
        }
    },
}
HEALTH: Json = {
    "schema_version": 1,
    "name": "web",
    "port": 3000,
    "health": {"state": "healthy", "level": "http", "latency_ms": 1.9, "detail": "200"},
}
ASKED: Json = {
    "schema_version": 1,
    "name": "web",
    "workspace": "shop",
    "port": 3000,
    "done": True,
    "detail": "web has ended",
}
STARTED: Json = {**ASKED, "detail": "web is on http://localhost:3000 (pid 4121)", "lines": []}
PRINTED: Json = {"schema_version": 1, "name": "web", "workspace": "shop", "lines": ["listening on 3000"]}
