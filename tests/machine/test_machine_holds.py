"""Keeping a port until its server binds it."""

import socket

import pytest
from own_ports import own_port

from portdash.machine.holds import hold_port, listening

pytestmark = pytest.mark.needs_linux


def server(port: int, address: str = "127.0.0.1", *, reuse: bool = True) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    if reuse:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((address, port))
    except OSError:
        made.close()
        raise
    made.listen()
    return made


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::"])
def test_a_server_listens_over_a_hold(address: str):
    hold = hold_port(own_port())
    assert hold
    with hold, server(hold.port, address) as made:
        assert made.getsockname()[1] == hold.port
    assert not hold.is_kept


def test_nobody_is_connected_to_a_hold():
    hold = hold_port(own_port())
    assert hold
    with hold, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", hold.port), timeout=5)


def test_a_server_without_reuse_meets_it_until_it_is_dropped():
    hold = hold_port(own_port())
    assert hold
    with hold:
        with pytest.raises(OSError, match="in use"):
            server(hold.port, reuse=False)
        hold.drop()
        hold.drop()
        server(hold.port, reuse=False).close()


def test_who_asks_for_any_port_is_not_given_one_that_is_kept():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    hold = hold_port(port)
    assert hold
    with hold:
        drawn = []
        for _ in range(200):
            other = socket.socket()
            other.bind(("127.0.0.1", 0))
            drawn.append(other)
        assert port not in {each.getsockname()[1] for each in drawn}
        for each in drawn:
            each.close()


def test_a_port_that_is_taken_cannot_be_kept():
    with server(0) as made, pytest.raises(OSError, match="in use"):
        hold_port(made.getsockname()[1])


def test_elsewhere_there_is_no_such_thing():
    assert hold_port(own_port(), platform="darwin") is None
    assert hold_port(own_port(), platform="win32") is None


def test_a_socket_to_hand_on_listens_already():
    with listening(0) as made:
        socket.create_connection(made.getsockname(), timeout=5).close()
    with listening(0, host="::1") as made, pytest.raises(OSError, match="in use"):
        listening(made.getsockname()[1], host="::1")
