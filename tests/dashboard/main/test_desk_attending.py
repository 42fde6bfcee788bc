"""Whom the desk has asked how services do."""

from collections.abc import Mapping
from dataclasses import replace

from portdash.dashboard.desk import Desk
from portdash.demo.scene import demo_deps
from portdash.health.pulse import Pulse
from portdash.health.record import Watched
from portdash.model.assignment import ServiceKey
from portdash.model.health import Health


class Told:
    """Asks nobody, and notes whom it was told to."""

    def __init__(self) -> None:
        self.told: list[set[ServiceKey]] = []

    def watch(self, services: Mapping[ServiceKey, Watched], /) -> None:
        self.told.append(set(services))

    def verdicts(self) -> Mapping[ServiceKey, Health]:
        return {}

    def pulses(self) -> Mapping[ServiceKey, Pulse]:
        return {}

    def hurry(self, key: ServiceKey, /) -> None:
        raise AssertionError(key)


def test_nobody_is_told_of_services_before_there_is_one_and_all_that_have_gone_are_forgotten():
    told = Told()
    desk = Desk(demo_deps(), monitor=told)
    seen = desk.look()
    none = replace(seen, services=())
    desk.attend(none)
    assert told.told == []
    desk.attend(seen)
    desk.attend(none)
    first, last = told.told
    assert first
    assert last == set()
