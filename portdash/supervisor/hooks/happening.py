"""What a hook is told: one thing that happened to one service."""

import json
from collections.abc import Iterator, Mapping

from portdash.config.hooks import HookEvent
from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.health import Health
from portdash.model.history import Event, EventKind
from portdash.record import record
from portdash.report.history import event_json
from portdash.text import clean


@record
class Happening:
    """What happened, and its line."""

    kind: HookEvent
    event: Event

    @property
    def subject(self) -> tuple[HookEvent, str, str]:
        """What it has in common with others that say the same: what, workspace and service."""
        return self.kind, self.event.workspace, self.event.service.casefold()

    def document(self, held_back: int = 0) -> bytes:
        """Return the JSON document that a hook reads; `held_back` says how many like it were not told before it."""
        line = event_json(self.event)
        assert isinstance(line, dict)
        told = {
            "schema_version": 1,
            "event": self.kind.value,
            "service": line["service"],
            "workspace": line["workspace"],
            "ports": {"from": line["from"], "to": line["to"]},
            "at": line["at"],
            "actor": line["actor"],
            "reason": line["reason"],
            "held_back": held_back,
        }
        return json.dumps(told).encode() + b"\n"


def of_history(event: Event) -> Happening:
    """Return a line of history as hooks are told it."""
    return Happening(HookEvent(event.kind.value), event)


class Illness:
    """Who is ill, from one look at the verdicts to the next. That a service is well at first is no news."""

    def __init__(self, actor: str) -> None:
        self._actor = actor
        self._ill: set[ServiceKey] = set()

    def see(
        self, verdicts: Mapping[ServiceKey, Health], rows: Mapping[ServiceKey, Assignment], now: float
    ) -> Iterator[Happening]:
        """Yield who has fallen ill and who is well again; `now` is Unix time in seconds."""
        self._ill &= verdicts.keys()
        for key, health in verdicts.items():
            if health.state.is_ill and key not in self._ill:
                self._ill.add(key)
                yield self._happening(HookEvent.UNHEALTHY, key, health, rows.get(key), now)
            elif health.state.is_well and key in self._ill:
                self._ill.discard(key)
                yield self._happening(HookEvent.HEALTHY, key, health, rows.get(key), now)

    def _happening(
        self, kind: HookEvent, key: ServiceKey, health: Health, row: Assignment | None, now: float
    ) -> Happening:
        said = clean(f"{health.state}: {health.detail}" if health.detail else health.state.value)
        event = Event(
            kind=EventKind.HEALTH,
            at=now,
            workspace=key.workspace,
            service=row.name if row else key.service,
            actor=self._actor,
            reason=said,
            to_port=row.port if row else None,
            host=key.host,
        )
        return Happening(kind, event)
