"""Instances and verdicts for the tests of clients."""

from portdash.discovery.instance import Instance
from portdash.discovery.policy import Attempt, Errand, Kind, Verdict
from portdash.model.health import Health, HealthState

SAFE = Errand(is_repeatable=True, is_replayable=True)
UNSAFE = Errand(is_repeatable=False, is_replayable=True)
ONCE = Errand(is_repeatable=True, is_replayable=False)


def instance(
    port: int, state: HealthState = HealthState.HEALTHY, *, pid: int | None = None, latency_ms: float | None = None
) -> Instance:
    health = Health(state=state, latency_ms=latency_ms)
    return Instance(service="api", url=f"http://localhost:{port}", port=port, pid=pid, health=health)


def attempt(at: Instance, kind: Kind, status: int | None = None) -> Attempt:
    return Attempt(at, Verdict(kind, status=status), 0.001)


class FakeClock:
    """Time that stands still until it is moved."""

    def __init__(self, start: float = 1000.0) -> None:
        self.time = start

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time
