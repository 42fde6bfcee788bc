"""What the configuration says of one service, beside what it asks a port for. Durations are seconds."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from portdash.model.assignment import ServiceSpec
from portdash.model.health import HealthLevel
from portdash.record import field, record


class RestartOn(StrEnum):
    """What makes a supervised service start again."""

    EXIT = "exit"
    """It ended, for whatever reason."""
    FAILURE = "failure"
    """It ended with a status other than 0."""
    MOVED = "moved"
    """A service it depends on has another port now."""


HANDSHAKES = ("redis", "postgres", "amqp", "nats", "mqtt", "memcached", "beanstalkd", "smtp", "ssh")
"""Protocols in which a service may be asked how it does: `health = { redis = true }`."""


@record(kw_only=True)
class HealthCheck:
    """`[services.NAME] health`: how one service is checked. None: as `[health]` says."""

    http_get: str | None = None
    """Path that is fetched, such as `/health`."""
    contains: str | None = None
    """Text that must stand in what is fetched."""
    status: tuple[int, ...] = ()
    """HTTP status codes that count as good; empty for the usual ones."""
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """Sent along; may hold secrets."""
    tcp: bool = False
    """Whether it is only connected to."""
    handshakes: tuple[str, ...] = ()
    """Protocol in which it is asked, of `HANDSHAKES`; more than one is a mistake."""
    exec: tuple[str, ...] = ()
    """Command whose exit status 0 means healthy."""
    level: HealthLevel | None = None
    """How far a check may go; `kernel` sends no packet at all."""
    interval: float | None = None
    timeout: float | None = None
    initial_delay: float | None = None
    failure_threshold: int | None = None
    success_threshold: int | None = None

    @property
    def ways(self) -> tuple[str, ...]:
        """The keys that say how it is asked; more than one is a mistake."""
        ways = {"http_get": self.http_get is not None, "tcp": self.tcp, "exec": bool(self.exec)}
        return (*(key for key, is_set in ways.items() if is_set), *self.handshakes)


@record(kw_only=True)
class ServiceConfig:
    """One `[services.NAME]`."""

    spec: ServiceSpec
    command: tuple[str, ...] | None = None
    """Arguments to start it with, the program first; `{port}` in them stands for its port."""
    depends_on: tuple[str, ...] = ()
    """Services that are started before it."""
    restart_on: tuple[str, ...] = ()
    """Words of RestartOn, and services: when one of those gets another port, this one is started again."""
    url: str | None = field(default=None, repr=False)
    """Where it runs when that is not for portdash to decide: it is shown and checked, and gets no port."""
    detect: bool = False
    """Whether it takes over the port of a running server that is found to be its own."""
    fingerprint: str | None = None
    """Kind of server that `detect` looks for, such as `vite`."""
    health: HealthCheck | None = None
    replicas: int = 1
    file: Path | None = None
    """The file that declares it; the strongest where several do."""
    root: Path | None = None
    """Directory in which its command runs: that of the file that names the command."""
    may_start: bool = True
    """Whether its command may be started: not while it comes from a project that is not trusted."""

    @property
    def name(self) -> str:
        """Its name as it was written."""
        return self.spec.name
