"""How well a server does, as lines for the details: the verdict, what it rests on, how it was come to."""

from collections.abc import Iterator

from portdash.config.durations import show_duration
from portdash.dashboard.rows import holders, words
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.instance_lines import BREAKERS, circuit_of
from portdash.dashboard.rows.prose import LABEL, fact, heading
from portdash.dashboard.rows.row import Line, Span, Tone
from portdash.dashboard.rows.times import clock_time
from portdash.dashboard.rows.trend import trend
from portdash.health.pulse import Pulse
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.snapshot import ServiceView
from portdash.named_tuple import NamedTuple
from portdash.report.redaction import mask_secrets
from portdash.report.words import age
from portdash.text import plural


class Probed(NamedTuple):
    """What came of asking a listener that is no service, once, because somebody wanted to know."""

    at: float
    """Unix time of the asking."""
    health: Health | None = None
    """None while the answer is awaited."""
    what: str = ""
    """What it turned out to be: `Vite 8.3`; empty where it could not be told."""
    asked: str = ""
    """What was done: `GET /`; empty where no packet was sent."""


def has_health(view: ServiceView) -> bool:
    """Say whether there is anything to tell of how a service does."""
    return view.is_running or view.health.level is not HealthLevel.NONE


def health_facts(view: ServiceView, facts: Facts, width: int) -> Iterator[Line]:
    """Yield the verdict on a service, its latencies, when it is asked again, its clients and how long it is up."""
    pulse = facts.pulses.get(view.key)
    yield heading("HEALTH", width, Span(_course(pulse), Tone.DIM) if pulse else None)
    yield from _verdict(view.health, width, is_asked=pulse is not None)
    if pulse and pulse.latencies:
        yield from fact("trend", trend(pulse.latencies, max(8, width - LABEL - 2)), width)
        yield from fact("breaker", BREAKERS[circuit_of(view, pulse, facts.now)], width)
    if pulse and pulse.due is not None:
        yield from fact("next check", clock_time(pulse.due), width)
    server = holders.own_server(view)
    if server is None:
        return
    if server.container and server.container.health:
        yield from fact("container", f"{server.container.health}, says its own check", width)
    started = words.started_at(server)
    said = [f"up {age(facts.now - started)}"] if started is not None else []
    said += [plural(server.connections, "connection")] if server.connections is not None else []
    if said:
        yield from fact("server", ", ".join(said), width)


def probed_facts(probed: Probed, width: int) -> Iterator[Line]:
    """Yield what a listener answered, and when."""
    if probed.health is None:
        yield heading("HEALTH", width)
        yield from fact("asking", "what it is and how it does ...", width)
        return
    yield heading("HEALTH", width, Span(f"asked at {clock_time(probed.at)}", Tone.DIM))
    yield from fact("is", probed.what or "not told by anything it says", width)
    yield from _verdict(probed.health, width)
    yield from fact("asked", probed.asked or "nothing: no packet was sent to check it", width)


def probed_text(port: int, probed: Probed) -> str:
    """Say in one line what a listener answered."""
    health = probed.health or Health()
    latency = f" in {_milliseconds(health.latency_ms)}" if health.latency_ms is not None else ""
    what = "" if health.detail.startswith(probed.what) else probed.what
    return f":{port} {', '.join(filter(None, (what, health.state.value + latency, mask_secrets(health.detail))))}"


def _verdict(health: Health, width: int, *, is_asked: bool = False) -> Iterator[Line]:
    """Yield it; of who `is_asked` at other times it is not said that no packet was sent."""
    proof = words.PROOFS.get(health.level, "")
    if is_asked and health.level is HealthLevel.KERNEL:
        proof = words.BY_KERNEL
    state = health.state.value
    if health.state is HealthState.UNKNOWN and health.level is HealthLevel.NONE:
        state, proof = "it listens", "and nothing checks it"
    yield from fact("state", f"{state}, {proof}" if proof else state, width)
    if health.latency_ms is not None:
        yield from fact("latency", _milliseconds(health.latency_ms), width)
    if health.detail:
        yield from fact("detail", mask_secrets(health.detail), width)


def _milliseconds(latency: float) -> str:
    return f"{latency:.1f} ms" if latency < 10 else f"{latency:.0f} ms"


def _course(pulse: Pulse) -> str:
    return f"{pulse.asked} every {show_duration(pulse.interval)}"
