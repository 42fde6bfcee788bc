"""The instances of a service, `web` and `web@2`, and how each stands: its state, its latencies, its breaker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from portdash.dashboard.rows import words
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.prose import LABEL, fact, heading
from portdash.dashboard.rows.row import Line, Span, Tone
from portdash.health.pulse import Pulse
from portdash.model.health import HealthState
from portdash.model.names import base_name
from portdash.model.snapshot import ServiceView

if TYPE_CHECKING:
    from portdash.discovery.breaker import Circuit

BREAKERS = {
    "closed": "closed: clients ask it",
    "open": "open: clients ask others",
    "half_open": "half open: the next request decides",
}
"""What each circuit means for who asks."""


def instance_lines(view: ServiceView, facts: Facts, width: int) -> Iterator[Line]:
    """Yield a line for each instance of a service that has several on this machine."""
    instances = instances_of(view, facts)
    if len(instances) < 2:
        return
    well = sum(each.is_running and words.state_of(each).tone is Tone.OK for each in instances)
    yield ()
    yield heading("INSTANCES", width, Span(f"{well} of {len(instances)} well", Tone.DIM))
    for each in instances:
        state = words.state_of(each)
        port = "no port" if each.port is None else str(each.port)
        said = [f"{port} {state.glyph} {state.word}", *_figures(each, facts)]
        yield from fact(each.name, ", ".join(said), width, label_width=max(LABEL, len(each.name) + 1), tone=state.tone)


def instances_of(view: ServiceView, facts: Facts) -> tuple[ServiceView, ...]:
    """Return the instances of the service that `view` is one of, by their numbers."""
    if view.is_remote:
        return ()
    name, place = base_name(view.key.service), view.key
    found = (
        each
        for each in facts.snapshot.services
        if base_name(each.key.service) == name
        and (each.key.workspace, each.key.environment, each.key.protocol, each.is_remote)
        == (place.workspace, place.environment, place.protocol, False)
    )
    return tuple(sorted(found, key=lambda each: (len(each.key.service), each.key.service)))


def circuit_of(view: ServiceView, pulse: Pulse, now: float) -> Circuit:
    """Return how the breaker stands of a client whose requests ended as the checks did."""
    from portdash.discovery.breaker import Breaker  # noqa: PLC0415  no table waits for it

    breaker, at = Breaker(), 0.0
    last = len(pulse.latencies) - 1
    for number, latency in enumerate(pulse.latencies):
        at = number * pulse.interval
        breaker.begin(at)
        if latency is not None:
            breaker.succeed()
        else:
            breaker.fail(at, for_certain=number == last and view.health.state is HealthState.HUNG)
    since = pulse.interval if pulse.due is None else max(0.0, pulse.interval - (pulse.due - now))
    return breaker.circuit(at + since)


def _figures(view: ServiceView, facts: Facts) -> Iterator[str]:
    pulse = facts.pulses.get(view.key)
    if pulse is None or not pulse.latencies:
        return
    from portdash.discovery.metrics import percentile  # noqa: PLC0415  as above

    well = sorted(each for each in pulse.latencies if each is not None)
    p50, p95 = percentile(well, 0.50), percentile(well, 0.95)
    if p50 is not None and p95 is not None:
        yield f"p50 {p50:.0f} ms, p95 {p95:.0f} ms"
    yield f"breaker {circuit_of(view, pulse, facts.now).value.replace('_', ' ')}"
