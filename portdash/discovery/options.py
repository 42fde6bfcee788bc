"""What a client may say of how its service is found and how requests are sent; the same for every face."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

from portdash.discovery.balancer import LoadBalancer
from portdash.discovery.checking import check_kinds, check_known
from portdash.discovery.finding import LOG
from portdash.discovery.metrics import Part, Recorder, recorder_for
from portdash.discovery.seconds import seconds_of
from portdash.discovery.source import Source
from portdash.discovery.suspicion import PATIENCE
from portdash.discovery.trip import Settings
from portdash.manager.given import no_use

if TYPE_CHECKING:
    from portdash.discovery.failovers import Failovers
    from portdash.discovery.sources import Ports, Urls
    from portdash.discovery.starting import Start


class Finding(TypedDict, total=False):
    """Where instances come from; `portdash.discovery.sources.source_for` says what each means."""

    workspace: str | None
    ports: Ports | None
    environment: str | None
    url: str | None
    start: Start | None
    wait: float | str | None
    cluster: Urls | None


class Options(Finding, total=False):
    """And how requests are sent to them."""

    source: Source | None
    """Instead of all the above."""
    policy: str
    """How an instance is picked: healthiest, p2c, round_robin, weighted, least_conn, first."""
    weights: Mapping[int, int] | None
    """Of ports, for the policy `weighted`."""
    retry_unsafe: bool
    """Whether POST and PATCH may be sent again to another instance, as GET is."""
    suspect_after: float | str | None
    """Seconds without an answer (or `100ms`) after which the kernel is asked if the server hangs, None for never."""
    max_retries: int
    """How often all instances are tried once more when none was left: 0 unless said."""
    retry_backoff: float | str
    """Seconds, or `1s`, before each of these rounds; between two instances nobody waits."""
    metrics: Recorder | Part | None
    """Who is told the figures; figures of its own unless said."""
    logger: logging.Logger | None


OPTIONS = frozenset(Options.__optional_keys__)


def check_options(options: Options) -> None:
    """Raise UsageError for an option that is none, or of a kind that it cannot be."""
    check_known(options, OPTIONS)
    check_kinds(options)


def settings_for(service: str | LoadBalancer, options: Options) -> Settings:
    """Return how requests to a service are sent; nobody is asked yet. Raises UsageError, ConfigError, InvalidName."""
    check_options(options)
    failovers, patience = None, options.get("suspect_after", PATIENCE)
    if isinstance(service, LoadBalancer):
        balancer, name = service, service.name
    else:
        name = service
        given = options.get("source")
        source = given or _source(name, options)
        if given is None and options.get("url") is None:  # else no store is known, or nobody to go on to
            failovers = _failovers(name, options)
        policy = options.get("policy", "healthiest")
        balancer = LoadBalancer(source, policy, weights=options.get("weights"), name=name)
    return Settings(
        service=name,
        balancer=balancer,
        recorder=recorder_for(options.get("metrics"), name),
        log=options.get("logger") or LOG,
        failovers=failovers,
        retry_unsafe=options.get("retry_unsafe", False),
        max_retries=_count("max_retries", options.get("max_retries", 0)),
        retry_backoff=seconds_of("retry_backoff", options.get("retry_backoff", 1.0)),
        patience=None if patience is None else seconds_of("suspect_after", patience),
    )


def _count(name: str, value: object) -> int:
    """Return how many are said. Raises UsageError."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        no_use(name, value, "a whole number from 0", hint=f"{name}=3 tries all of them three times more")
    return value


def _failovers(name: str, options: Options) -> Failovers:
    from portdash.discovery.failovers import Failovers, writer  # noqa: PLC0415  see below
    from portdash.discovery.sources import opener  # noqa: PLC0415

    return Failovers(writer(name, opener(options.get("environment")), workspace=options.get("workspace")))


def _source(name: str, options: Options) -> Source:
    from portdash.discovery.sources import source_for  # noqa: PLC0415  opens store and configuration

    return source_for(
        name,
        workspace=options.get("workspace"),
        ports=options.get("ports"),
        environment=options.get("environment"),
        url=options.get("url"),
        start=options.get("start"),
        wait=options.get("wait"),
        cluster=options.get("cluster"),
        logger=options.get("logger"),
    )
