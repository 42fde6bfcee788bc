"""How the invented servers do, and what they answer to who asks: no packet is sent for it."""

from collections.abc import Mapping

from portdash.config.paths import PROJECT_FILE
from portdash.dashboard.desk import Desk
from portdash.demo.places import NOW
from portdash.demo.services import BLOG_ROWS, FIX_ROWS, INFRA_ROWS, SHOP_ROWS
from portdash.health.checks import Check, HttpGet
from portdash.health.pulse import Pulse
from portdash.health.record import Watched
from portdash.health.unregistered import Answer
from portdash.manager.deps import Deps
from portdash.model.assignment import ServiceKey
from portdash.model.fingerprint import Fingerprint
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.listener import Listener
from portdash.model.snapshot import Snapshot

_GET = HttpGet(is_declared=False)
_INTERVAL = 5.0
_ROWS = {(row.key.workspace, row.key.service): row.key for row in (*SHOP_ROWS, *FIX_ROWS, *BLOG_ROWS, *INFRA_ROWS)}
_LATENCIES: Mapping[tuple[str, str], tuple[float | None, ...]] = {
    (SHOP_ROWS[0].key.workspace, "api"): (11, 13, 38, 12, 11, 14, 11, 12),
    (SHOP_ROWS[0].key.workspace, "worker"): (3, 4, 3, 4, 4, 3, 4, 4),
    (FIX_ROWS[0].key.workspace, "api"): (14, 15, 13, 15, 31, 14, 16, 15),
    (FIX_ROWS[0].key.workspace, "storybook"): (29, 33, 31, 30, 28, 35, 30, 31),
    (BLOG_ROWS[0].key.workspace, "cms"): (12, 11, 90, 140, 210, None, None, None),
    (BLOG_ROWS[0].key.workspace, "web"): (9, None, 8, 9, None, 8, None, 9),
    (BLOG_ROWS[0].key.workspace, "mail"): (2, 2, 1, 2, 2, 2, 3, 2),
    (INFRA_ROWS[0].key.workspace, "grafana"): (8, 9, 8, 7, 8, 8, 9, 8),
    (INFRA_ROWS[0].key.workspace, "prometheus"): (4, 5, 4, 12, 5, 4, 5, 5),
    (INFRA_ROWS[0].key.workspace, "traefik"): (1, 1, 1, 1, 1, 1, 1, 1),
}
"""Milliseconds of the last checks of who is asked, the latest last."""
_UNWELL: Mapping[tuple[str, str], Health] = {
    (BLOG_ROWS[0].key.workspace, "cms"): Health(
        state=HealthState.HUNG, level=HealthLevel.KERNEL, detail="40s, 5 waiting"
    ),
    (BLOG_ROWS[0].key.workspace, "web"): Health(
        state=HealthState.DEGRADED, level=HealthLevel.HTTP, detail="flapping 6x in 5 min"
    ),
}
"""Who does not do well: one accepts nobody any more, one is started again and again."""
_TITLES = {"node": "Vite 7.1", "ollama": "Ollama 0.9", "jupyter-lab": "JupyterLab 4.4"}
"""What strangers turn out to be, by the name of their process."""


class StandingChecks:
    """Checks that were made before the clock stood still."""

    def watch(self, services: Mapping[ServiceKey, Watched], /) -> None:
        """Do nothing: the same are watched for ever."""

    def verdicts(self) -> Mapping[ServiceKey, Health]:
        """Return the verdict on each service that is asked."""
        return {
            _ROWS[name]: _UNWELL.get(name)
            or Health(state=HealthState.HEALTHY, level=HealthLevel.HTTP, latency_ms=latencies[-1], detail="200 OK")
            for name, latencies in _LATENCIES.items()
        }

    def pulses(self) -> dict[ServiceKey, Pulse]:
        """Return what the checks of each have come to."""
        return {
            _ROWS[name]: Pulse(_GET.name, _INTERVAL, latencies, NOW + 1 + number % _INTERVAL)
            for number, (name, latencies) in enumerate(_LATENCIES.items())
        }

    def hurry(self, key: ServiceKey, /) -> None:
        """Do nothing: time stands still."""


class DemoDesk(Desk):
    """Knows of the file that the invented project has, which no disk has."""

    def config_files(self, snapshot: Snapshot) -> dict[str, str]:  # noqa: ARG002  what asks a disk needs it
        """Return the portdash.toml of the workspace whose services the configuration declares."""
        place = self.deps.place.workspace
        return {place.name: f"{place.root}/{PROJECT_FILE}"} if place.root and self.deps.config.services else {}


def demo_desk(deps: Deps) -> Desk:
    """Return a desk over an invented machine."""
    return DemoDesk(deps, monitor=StandingChecks(), ask=_ask)


async def _ask(listener: Listener, deps: Deps) -> Answer:  # noqa: ARG001  what asks a real one needs them
    name = listener.owner.name if listener.owner and listener.owner.name else ""
    title = _TITLES.get(name)
    health = Health(state=HealthState.HEALTHY, level=HealthLevel.HTTP, latency_ms=6.4, detail="200 OK")
    found = Fingerprint(kind=name, title=title, evidence=("its answer to GET /",)) if title else None
    return Answer(health, Watched(None, Check(probe=_GET)), found)
