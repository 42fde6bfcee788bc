"""Which server a client reaches by each address, in the order in which the kernel decides."""

import socket
from contextlib import ExitStack

import pytest
from worlds import World, listener

from portdash.model.listener import Container, Listener
from portdash.planning.answers import IPV4, IPV6, who_answers

HERE = "/home/me/src/shop"


def at(address: str, pid: int, *, dual_stack: bool | None = None, container: Container | None = None) -> Listener:
    return listener(3000, pid=pid, address=address, dual_stack=dual_stack, container=container)


def pids(*listeners: Listener) -> list[list[int | None]]:
    return [[each.pid for each in answer.listeners] for answer in who_answers(listeners)]


@pytest.mark.parametrize(
    ("listeners", "expected"),
    [
        ([], [[], [], []]),
        ([at("127.0.0.1", 1)], [[1], [], []]),
        ([at("::1", 1)], [[], [1], []]),
        ([at("127.0.0.1", 1), at("::1", 2)], [[1], [2], []]),
        ([at("0.0.0.0", 1)], [[1], [], [1]]),
        ([at("::", 1, dual_stack=True)], [[1], [1], [1]]),
        ([at("::", 1, dual_stack=False)], [[], [1], [1]]),
        ([at("::", 1)], [[1], [1], [1]]),
        ([at("0.0.0.0", 1), at("::", 2, dual_stack=False)], [[1], [2], [1, 2]]),
        ([at("0.0.0.0", 1), at("127.0.0.1", 2)], [[2], [], [1]]),
        ([at("0.0.0.0", 1), at("::", 2, dual_stack=True)], [[1], [2], [1, 2]]),
        ([at("::", 1, dual_stack=True), at("::ffff:127.0.0.1", 2)], [[2], [1], [1]]),
        ([at("192.168.1.7", 1), at("0.0.0.0", 2)], [[2], [], [1]]),
        ([at("127.0.0.1", 1), at("127.0.0.1", 2)], [[1, 2], [], []]),
        ([at("127.0.0.53", 1)], [[], [], []]),
        ([at("*", 1)], [[1], [1], [1]]),
    ],
)
def test_who_answers(listeners: list[Listener], expected: list[list[int]]):
    assert pids(*listeners) == expected


def test_from_outside_a_published_port_is_the_container_s():
    container = Container(id="c", name="blog-db-1")
    published, host = at("0.0.0.0", 1, container=container), at("192.168.1.7", 2)
    assert pids(published, host) == [[1], [], [1]]


def test_a_conflict_says_what_each_address_reaches():
    world = World().has("web", 3000).listens(3000, cwd=HERE, address="127.0.0.1")
    world.listens(3000, pid=5, name="postgres", address="::1")
    (found,) = world.view("web").conflicts
    assert found.detail == (
        "another server answers part of localhost:3000: "
        "localhost:3000 reaches postgres 5 on ::1, and 127.0.0.1:3000 reaches its own node 4121"
    )


def test_a_service_that_is_not_reached_at_all_is_told_where_it_is():
    world = World().has("web", 3000).listens(3000, cwd=HERE, address="0.0.0.0")
    for address in (IPV4, IPV6):
        world.listens(3000, pid=5, name="postgres", address=address)
    (found,) = world.view("web").conflicts
    assert found.detail.endswith("its own, node 4121, is on 0.0.0.0 and is not reached so")


def test_two_that_share_the_very_address_take_turns():
    world = World().has("web", 3000).listens(3000, cwd=HERE).listens(3000, pid=5, name="postgres")
    (found,) = world.view("web").conflicts
    assert "now one, now another of node 4121 and postgres 5" in found.detail


@pytest.mark.parametrize(
    "addresses",
    [("127.0.0.1", "::1"), ("0.0.0.0", "::1"), ("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("0.0.0.0", "::")],
)
def test_the_kernel_agrees(addresses: tuple[str, str]):
    with ExitStack() as stack:
        made: list[socket.socket] = []
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            each = stack.enter_context(socket.socket(family))
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family is socket.AF_INET6:
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(addresses == ("0.0.0.0", "::")))
            try:
                each.bind((address, made[0].getsockname()[1] if made else 0))
            except OSError:
                pytest.skip("this system has no IPv6, or gave the other port to somebody else")
            each.listen()
            each.setblocking(False)
            made.append(each)
        port = made[0].getsockname()[1]
        listeners = [
            at(address, number + 1, dual_stack=addresses != ("0.0.0.0", "::") if address == "::" else None)
            for number, address in enumerate(addresses)
        ]
        for client, answer in zip((IPV4, IPV6), who_answers(listeners), strict=False):
            try:
                stack.enter_context(socket.create_connection((client, port), timeout=5))
            except OSError:
                reached = []
            else:
                reached = [number + 1 for number, each in enumerate(made) if _accepts(each, stack)]
            assert [each.pid for each in answer.listeners] == reached, client


def _accepts(server: socket.socket, stack: ExitStack) -> bool:
    try:
        stack.enter_context(server.accept()[0])
    except BlockingIOError:
        return False
    return True
