"""The figures of `/metrics`: what Prometheus' own checker says, and what they say."""

import subprocess
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from portdash.api.metrics import Counts, Tally, exposition
from portdash.demo.scene import demo_deps
from portdash.errors import StoreUnavailable
from portdash.manager.allocate import allocate, settle
from portdash.manager.finding import find_service
from portdash.manager.plans import plan_release
from portdash.manager.wishes import Wish
from portdash.model.health import Health, HealthState
from portdash.model.snapshot import ServiceView, Snapshot, Status
from portdash.planning.utilisation import utilisation

NOTHING = Counts({}, {})
HOSTILE = 'x"\\\n\x1b]52;c;AAAA\x07{}\u202e'


@pytest.fixture(scope="module")
def scene() -> Snapshot:
    return demo_deps().observer.snapshot()


Figure = tuple[str, frozenset[tuple[str, str]]]


def figure(name: str, **labels: str) -> Figure:
    return f"portdash_{name}", frozenset(labels.items())


def up(view: ServiceView) -> Figure:
    return figure("instance_up", workspace=view.key.workspace, service=view.key.service, port=str(view.port))


def figures(snapshot: Snapshot, counts: Counts = NOTHING) -> dict[Figure, float]:
    text = exposition(snapshot, counts, accept="text/plain")[0].decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.needs_program("promtool")
def test_prometheus_own_checker_has_nothing_to_say(scene: Snapshot):
    text, media_type = exposition(scene, Tally(demo_deps()).count(scene), accept="text/plain;version=0.0.4")
    assert media_type.startswith("text/plain; version=0.0.4")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_every_service_range_and_listener_is_there(scene: Snapshot):
    found = figures(scene)
    assert sum(value for (name, _), value in found.items() if name == "portdash_instances") == len(scene.services)
    for view in scene.services:
        if view.port is not None:
            assert found[up(view)] == (view.status in (Status.RUNNING, Status.CONNECTED))
    for use in utilisation(scene):
        assert found[figure("range_ports", range=use.name)] == use.total
        assert found[figure("range_used_ports", range=use.name)] == use.used
    listeners = [value for (name, _), value in found.items() if name == "portdash_listeners"]
    assert sum(listeners) == len(scene.listeners)
    assert found[figure("open_conflicts", kind=scene.conflicts[0].kind.value)] >= 1
    assert any(name == "portdash_build_info" for name, _ in found)


def test_who_is_hung_is_not_up(scene: Snapshot):
    view = next(view for view in scene.services if view.status is Status.RUNNING and view.port)
    hung = replace(scene, services=(replace(view, health=Health(state=HealthState.HUNG)),))
    assert figures(hung)[up(view)] == 0


def test_further_instances_are_one_service(scene: Snapshot):
    view = scene.services[0]
    more = (view, *(replace(view, key=replace(view.key, service=f"{view.key.service}@{n}")) for n in (2, 3)))
    found = figures(replace(scene, services=more))
    labels = {"workspace": view.key.workspace, "service": view.key.service, "status": view.status.value}
    assert found[figure("instances", **labels)] == 3


def test_counters_begin_at_nothing_and_only_rise():
    deps = demo_deps()
    tally = Tally(deps)
    first = tally.count(deps.observer.snapshot())
    assert set(first.allocations.values()) == set(first.conflicts.values()) == {0}
    allocate(deps, [Wish(name="newest"), Wish(name="liked", preferred=(15_555,)), Wish(name="short")])
    settle(deps, lambda snapshot: plan_release(deps, snapshot, [find_service(snapshot, "short").key]))
    second = tally.count(deps.observer.snapshot())
    assert {name: count for name, count in second.allocations.items() if count} == {
        "sequential": 1,
        "preferred": 1,
        "gone": 1,
    }
    assert tally.count(deps.observer.snapshot()) == second


def test_a_foreign_string_breaks_no_line(scene: Snapshot):
    view = scene.services[0]
    hostile = replace(view, key=replace(view.key, workspace=HOSTILE))
    text = exposition(replace(scene, services=(hostile,)), NOTHING, accept="")[0].decode()
    assert all(line.isprintable() for line in text.splitlines())
    assert figures(replace(scene, services=(hostile,)))


@pytest.mark.parametrize("accept", ["", "*/*", "application/openmetrics-text", "\x00", "a/b;q=x", "text/plain" * 1000])
def test_whatever_a_scraper_accepts(scene: Snapshot, accept: str):
    body, media_type = exposition(scene, NOTHING, accept=accept)
    assert body.startswith(b"# HELP")
    assert media_type.startswith(("text/plain", "application/openmetrics-text"))


def test_a_store_that_is_away_is_told_with_what_was_known(monkeypatch: pytest.MonkeyPatch):
    deps = demo_deps()
    tally = Tally(deps)
    before = deps.observer.snapshot()
    assert figures(before, tally.count(before))[figure("store_up")] == 1
    allocate(deps, [Wish(name="one-more")])
    held = replace(deps.store.snapshot(), stale_since=1_799_999_990.0)

    def unreachable(*_asked: object, **_more: object) -> None:
        raise StoreUnavailable("the store is away")

    with monkeypatch.context() as away:
        away.setattr(deps.store, "snapshot", lambda *_since: held)
        away.setattr(deps.store, "events", unreachable)
        snapshot = deps.observer.snapshot()
        found = figures(snapshot, tally.count(snapshot))
        gone_since_the_look = tally.count(before)
    assert found[figure("store_up")] == 0
    assert not gone_since_the_look.is_read
    assert found[figure("listeners", state="assigned")] == sum(seen.is_owned for seen in snapshot.listeners)
    assert given(found) == 0
    back = deps.observer.snapshot()
    again = figures(back, tally.count(back))
    assert (again[figure("store_up")], given(again)) == (1, 1)


def given(found: dict[Figure, float]) -> float:
    """Return how many ports were given."""
    return sum(value for (name, _), value in found.items() if name == "portdash_allocations_total")
