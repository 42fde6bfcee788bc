"""What a service is asked, and how often: from its configuration, or from what its server is known to be. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from portdash.health.handshakes import HANDSHAKES, NEVER_CONNECTED, is_noted
from portdash.health.thresholds import Rules
from portdash.model.health import HealthLevel
from portdash.record import field, record

if TYPE_CHECKING:
    from portdash.config.sections import HealthConfig
    from portdash.config.services import HealthCheck

_LEVELS = tuple(HealthLevel)


@record(kw_only=True)
class HttpGet:
    """Fetch a path."""

    path: str = "/"
    is_declared: bool = True
    """Whether somebody said that this path tells the service's health; else any answer will do."""
    contains: str | None = None
    status: tuple[int, ...] = ()
    """Codes that count as good; empty for 2xx and 3xx."""
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    tls: bool = False
    """Whether it is encrypted from the start; else only where the server turns out to speak nothing else."""
    host: str | None = None
    """Name that the certificate of a server off this machine must be for; None for its address."""

    @property
    def name(self) -> str:
        """What it does, in few words."""
        return f"GET {self.path}"

    @property
    def level(self) -> HealthLevel:
        """What its verdict rests on."""
        return HealthLevel.HTTP


@record
class TcpConnect:
    """Connect and close: that the kernel takes connections is all it proves."""

    name: str = "connect"
    level: HealthLevel = HealthLevel.CONNECT


@record
class Speak:
    """Ask in the server's own protocol."""

    protocol: str
    """A protocol or a kind of server that `portdash.health.handshakes` knows."""

    @property
    def name(self) -> str:
        """What it does, in few words."""
        return self.protocol

    @property
    def level(self) -> HealthLevel:
        """What its verdict rests on."""
        return HealthLevel.PROTOCOL


@record
class Execute:
    """Run a command; its exit status 0 means healthy."""

    command: tuple[str, ...]
    """The program first; `{port}` in the arguments stands for the service's port."""
    directory: str | None = None
    """Where it runs, None for where portdash does."""

    @property
    def name(self) -> str:
        """What it does, in few words."""
        return self.command[0]

    @property
    def level(self) -> HealthLevel:
        """What its verdict rests on."""
        return HealthLevel.PROTOCOL


Probe: TypeAlias = HttpGet | TcpConnect | Speak | Execute


@record(kw_only=True)
class Check:
    """How one service is checked. The default sends no packet. Durations are seconds."""

    probe: Probe | None = None
    """None: what kernel and engine say is all."""
    reason: str = ""
    """Why it is not asked although somebody wished it, ready to show."""
    interval: float = 5.0
    timeout: float = 1.0
    rules: Rules = field(default_factory=Rules)


QUIET: Mapping[str, Probe] = MappingProxyType(
    {
        "vite": HttpGet(path="/", headers=MappingProxyType({"Accept": "text/x-vite-ping"}), is_declared=False),
        **{kind: Speak(kind) for kind, handshake in HANDSHAKES.items() if not is_noted(handshake)},
    }
)
"""Questions that a server of a known kind answers without a line in its log: asked though nobody declared a check."""


def check_for(
    declared: HealthCheck | None,
    defaults: HealthConfig,
    *,
    kind: str | None = None,
    directory: str | None = None,
) -> Check:
    """Return how a service is checked.

    `kind` is what its server is known to be, such as `vite`; `directory` is where a declared command runs.
    """
    timing = Check(
        interval=_either(declared.interval if declared else None, defaults.interval),
        timeout=_either(declared.timeout if declared else None, defaults.timeout),
        rules=Rules(
            int(_either(declared.failure_threshold if declared else None, defaults.failure_threshold)),
            int(_either(declared.success_threshold if declared else None, defaults.success_threshold)),
            _either(declared.initial_delay if declared else None, defaults.initial_delay),
        ),
    )
    probe, reason = _capped(_probe(declared, kind, directory), declared.level if declared else None, kind)
    return Check(probe=probe, reason=reason, interval=timing.interval, timeout=timing.timeout, rules=timing.rules)


def _probe(declared: HealthCheck | None, kind: str | None, directory: str | None) -> Probe | None:
    if declared is None:
        return QUIET.get(kind or "")
    if declared.exec:
        return Execute(declared.exec, directory)
    if declared.http_get is not None:
        return HttpGet(
            path=declared.http_get, contains=declared.contains, status=declared.status, headers=declared.headers
        )
    if declared.handshakes:
        return Speak(declared.handshakes[0])
    return TcpConnect() if declared.tcp else _of_level(declared.level, kind)


def _of_level(level: HealthLevel | None, kind: str | None) -> Probe | None:
    """Return the probe for a service that only says how far a check may go; that is a wish to go so far."""
    if level is HealthLevel.HTTP:
        return HttpGet(is_declared=False)
    quiet = QUIET.get(kind or "")
    if level is None or (quiet and level is HealthLevel.PROTOCOL):
        return quiet
    return TcpConnect() if level in (HealthLevel.CONNECT, HealthLevel.PROTOCOL) else None


def _capped(probe: Probe | None, cap: HealthLevel | None, kind: str | None) -> tuple[Probe | None, str]:
    """Return the probe that goes no further than `cap`, and why there is none where one was wished."""
    if probe is not None and cap is not None and _LEVELS.index(probe.level) > _LEVELS.index(cap):
        probe = TcpConnect() if cap in (HealthLevel.CONNECT, HealthLevel.PROTOCOL) else None
    connects = isinstance(probe, TcpConnect) or (isinstance(probe, HttpGet) and not probe.is_declared)
    if connects and kind in NEVER_CONNECTED:
        return None, "not connected to: it counts connections without a login as errors, and locks out who makes many"
    return probe, ""


def _either(first: float | None, second: float) -> float:
    return second if first is None else first
