"""How the invented servers do: said without a packet, and of no others than those that are there."""

import socket

import pytest

from portdash.demo.health import demo_desk
from portdash.demo.scene import demo_deps
from portdash.model.health import HealthState


def test_those_that_are_asked_run_and_show_their_last_latency():
    desk = demo_desk(demo_deps())
    snapshot = desk.look()
    assert len(desk.pulses()) == 10
    unwell = []
    for key, pulse in desk.pulses().items():
        view = snapshot.service(key)
        assert view
        assert view.is_running
        if view.health.state is HealthState.HEALTHY:
            assert view.health.latency_ms == pulse.latencies[-1]
        else:
            unwell.append((f"{key.workspace}/{key.service}", view.health.state))
        desk.check_now(key)
    assert unwell == [("blog/cms", HealthState.HUNG), ("blog/web", HealthState.DEGRADED)]


def test_a_stranger_answers_without_a_packet(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("a packet was sent")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    desk = demo_desk(demo_deps())
    titles = {}
    for seen in desk.look().listeners:
        answer = desk.probe(seen.listener)
        assert answer.health.state is HealthState.HEALTHY
        titles[seen.listener.port] = answer.fingerprint.title if answer.fingerprint else None
    assert titles[5175] == "Vite 7.1"
