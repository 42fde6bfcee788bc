from dataclasses import replace

import pytest

from portdash.demo.clock import FrozenClock
from portdash.demo.listeners import LISTENERS, SQUATTER
from portdash.demo.machine import FakeMachine
from portdash.demo.places import FIX, FIX_PROJECT, PROJECTS, SHOP_PROJECT
from portdash.errors import Refused
from portdash.model.engines import EngineFacts
from portdash.model.listener import Listener
from portdash.model.plan import Target
from portdash.model.ports import IpProtocol
from portdash.model.sources import Clock, Machine


def machine() -> FakeMachine:
    return FakeMachine(host="demo", user="dev", listeners=LISTENERS, projects=PROJECTS)


def target_of(listener: Listener) -> Target:
    owner = listener.owner
    assert owner
    return Target(
        label=listener.label,
        protocol=listener.protocol,
        port=listener.port,
        pid=owner.pid,
        started_at=owner.started_at,
        ticks=owner.ticks,
        container_id=listener.container.id if listener.container else None,
    )


def on(port: int) -> Listener:
    return next(each for each in LISTENERS if each.port == port)


def test_it_is_a_machine_and_has_a_clock():
    fake: Machine = machine()
    clock: Clock = FrozenClock(5.0)
    assert (fake.host, fake.user, clock.now(), clock.monotonic()) == ("demo", "dev", 5.0, 0.0)


def test_the_clock_stands_still_until_it_is_moved():
    clock = FrozenClock(100.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (102.5, 2.5)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


def test_listeners_come_in_order():
    places = [(each.port, each.protocol, each.address) for each in machine().listeners()]
    assert places == sorted(places)
    assert len(places) == len(LISTENERS)


def test_a_port_can_be_bound_exactly_when_nobody_listens():
    fake = machine()
    for listener in LISTENERS:
        assert fake.bind_error(IpProtocol.TCP, listener.port) == "in use"
        assert listener.port < 1024 or fake.bind_error(IpProtocol.UDP, listener.port) is None
    assert fake.bind_error(IpProtocol.TCP, 3003) is None
    assert fake.bind_error(IpProtocol.TCP, 80) == "needs a privilege"


def test_an_ended_process_takes_its_listeners_with_it():
    fake = machine()
    line = fake.terminate(target_of(SQUATTER), grace=5.0)
    assert line == "node 4121 ended after 0.1s, 3000 is free"
    assert fake.process(4121) is None
    assert not [each for each in fake.listeners() if each.port == 3000]
    assert fake.bind_error(IpProtocol.TCP, 3000) is None
    assert len(fake.listeners()) == len(LISTENERS) - 1


def test_who_has_ended_already_is_not_ended_again():
    fake = machine()
    fake.terminate(target_of(SQUATTER), grace=5.0)
    assert "had ended already" in fake.terminate(target_of(SQUATTER), grace=5.0)


def test_another_process_of_that_number_is_spared():
    fake = machine()
    with pytest.raises(Refused, match="is not node 4121 any more"):
        fake.terminate(replace(target_of(SQUATTER), ticks=1), grace=5.0)
    with pytest.raises(Refused, match="any more"):
        fake.terminate(replace(target_of(SQUATTER), port=5175), grace=5.0)
    assert fake.process(4121)


def test_a_successor_on_the_port_is_spared():
    fake = machine()
    fake.terminate(target_of(SQUATTER), grace=5.0)
    assert SQUATTER.owner
    fake.listen(replace(SQUATTER, owner=replace(SQUATTER.owner, pid=4188), pids=(4188,)))
    with pytest.raises(Refused, match="held by another"):
        fake.terminate(target_of(SQUATTER), grace=5.0)


def test_a_port_that_another_shares_stays_taken():
    fake = machine()
    assert SQUATTER.owner
    fake.listen(replace(SQUATTER, address="127.0.0.2", owner=replace(SQUATTER.owner, pid=4188), pids=(4188,)))
    with pytest.raises(Refused, match="node 4188 holds 3000"):
        fake.terminate(target_of(SQUATTER), grace=5.0)


@pytest.mark.parametrize(
    ("port", "because"),
    [(22, "your own connection"), (25, "belongs to the user root"), (40213, "people work")],
)
def test_what_the_real_machine_refuses_is_refused_here(port: int, because: str):
    fake = machine()
    with pytest.raises(Refused, match=because):
        fake.terminate(target_of(on(port)), grace=5.0)
    assert fake.listeners() == machine().listeners()


def test_a_container_is_stopped_with_all_its_ports():
    fake = machine()
    redis = on(6379)
    assert redis.container
    fake.listen(replace(redis, port=6380))
    assert fake.terminate(target_of(redis), grace=5.0) == "shop-redis-1 (docker) stopped after 0.1s, 6379 is free"
    assert not [each for each in fake.listeners() if each.container == redis.container]
    assert "had stopped already" in fake.terminate(target_of(redis), grace=5.0)
    assert fake.engines() == EngineFacts()


def test_a_hidden_owner_is_not_ended():
    fake = FakeMachine(host="demo", user="dev")
    fake.listen(Listener(protocol=IpProtocol.TCP, address="0.0.0.0", port=9000))
    with pytest.raises(Refused, match="may not be read"):
        fake.terminate(Target(label="owner hidden", protocol=IpProtocol.TCP, port=9000), grace=5.0)


def test_projects_are_found_by_directory():
    fake = machine()
    assert fake.project_of("/home/dev/src/shop/apps/web") == SHOP_PROJECT
    assert fake.project_of("/home/dev/src/shop-fix-login") == FIX_PROJECT
    assert fake.project_of("/home/dev/src/shopping") is None
    assert FIX.label == "shop@fix-login"


def test_directories_can_vanish():
    fake = machine()
    assert fake.is_directory(FIX_PROJECT.root)
    fake.remove_directory(FIX_PROJECT.root)
    assert not fake.is_directory(FIX_PROJECT.root)


def test_two_that_are_ended_together_are_not_in_each_others_way():
    first = on(3000)
    second = replace(first, address="::1", owner=replace(first.owner, pid=777, ticks=7770), pids=(777,))
    for beside in ((), (777,)):
        fake = machine()
        fake.listen(second)
        shown = replace(target_of(first), beside=beside)
        if not beside:
            with pytest.raises(Refused, match="777 holds 3000 on ::1"):
                fake.terminate(shown, grace=5.0)
            continue
        fake.terminate(shown, grace=5.0)
        fake.terminate(replace(target_of(second), beside=first.pids), grace=5.0)
        assert fake.bind_error(IpProtocol.TCP, 3000) is None
