"""The bind check against every kind of holder, and against what a real server then meets."""

import errno
import os
import random
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice

import pytest

from portdash.errors import InvalidPort, PortdashError
from portdash.machine import availability
from portdash.machine.availability import IN_USE, NEEDS_PRIVILEGE, bind_error
from portdash.machine.limits import read_limits
from portdash.model.ports import IpProtocol

TCP, UDP = IpProtocol.TCP, IpProtocol.UDP
SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
SERVERS = ("127.0.0.1", "0.0.0.0", "::")


def unused(count: int) -> list[int]:
    """Return ports that nobody has, from below where the system gives them out by chance: there they stay unused."""
    chance = read_limits().ephemeral
    below = range((chance.first if chance else 32_768) - 1, 10_000, -1)
    picked = random.sample(below, 50 * count)
    return list(islice((port for port in picked if bind_error(TCP, port) is None), count))


def bound(
    address: str,
    port: int = 0,
    *,
    reuse: bool = True,
    only6: bool = False,
    shared: bool = False,
    kind: int = socket.SOCK_STREAM,
    listening: bool = True,
) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, kind)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(only6))
        made.bind((address, port or unused(1)[0]))
        if listening and kind == socket.SOCK_STREAM:
            made.listen()
    except OSError:
        made.close()
        raise
    return made


Holder = Callable[[ExitStack], int]


def holder(address: str, **options: object) -> Holder:
    def hold(stack: ExitStack) -> int:
        return stack.enter_context(bound(address, **options)).getsockname()[1]  # type: ignore[arg-type]

    return hold


def connection(*, reuse: bool, closed_first: bool) -> Holder:
    """What a server that has ended leaves: an open connection, or one that lingers in TIME_WAIT."""

    def hold(stack: ExitStack) -> int:
        server = bound("127.0.0.1", reuse=reuse)
        client = stack.enter_context(socket.create_connection(server.getsockname()))
        accepted = stack.enter_context(server.accept()[0])
        port = server.getsockname()[1]
        server.close()
        if closed_first:
            accepted.close()
            assert client.recv(1) == b""
            client.close()
        return port

    return hold


def outgoing(stack: ExitStack) -> int:
    server = stack.enter_context(bound("127.0.0.1"))
    client = stack.enter_context(socket.create_connection(server.getsockname()))
    stack.enter_context(server.accept()[0])
    return client.getsockname()[1]


FREE, TAKEN = None, IN_USE
HOLDERS: dict[str, tuple[Holder, str | None]] = {
    "127.0.0.1 listening": (holder("127.0.0.1"), TAKEN),
    "127.0.0.1 listening, no reuse": (holder("127.0.0.1", reuse=False), TAKEN),
    "0.0.0.0 listening": (holder("0.0.0.0"), TAKEN),
    "0.0.0.0 listening, no reuse": (holder("0.0.0.0", reuse=False), TAKEN),
    ":: dual listening": (holder("::"), TAKEN),
    ":: v6only listening": (holder("::", only6=True), TAKEN),
    "::1 listening": (holder("::1"), TAKEN),
    "127.0.0.2 listening": (holder("127.0.0.2"), TAKEN),
    "SO_REUSEPORT listening on 127.0.0.1": (holder("127.0.0.1", shared=True), TAKEN),
    "SO_REUSEPORT listening on 0.0.0.0": (holder("0.0.0.0", shared=True), TAKEN),
    "TIME_WAIT of a server with reuse": (connection(reuse=True, closed_first=True), FREE),
    "connection of a server with reuse": (connection(reuse=True, closed_first=False), FREE),
    "TIME_WAIT of a server without reuse": (connection(reuse=False, closed_first=True), TAKEN),
    "connection of a server without reuse": (connection(reuse=False, closed_first=False), TAKEN),
    "127.0.0.1 bound, no reuse": (holder("127.0.0.1", reuse=False, listening=False), TAKEN),
    "127.0.0.1 held": (holder("127.0.0.1", listening=False), FREE),
    "0.0.0.0 held": (holder("0.0.0.0", listening=False), FREE),
    ":: held": (holder("::", listening=False), FREE),
    "a client's own port": (outgoing, TAKEN),
    "UDP on 127.0.0.1": (holder("127.0.0.1", kind=socket.SOCK_DGRAM, reuse=False), FREE),
}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.mark.needs_linux
@pytest.mark.parametrize("name", HOLDERS)
def test_the_truth_table(stack: ExitStack, name: str):
    hold, verdict = HOLDERS[name]
    port = hold(stack)
    assert bind_error(TCP, port) == verdict
    assert bind_error(TCP, port) == verdict  # and asking changes nothing
    if verdict is FREE:
        for address in SERVERS:
            bound(address, port).close()  # never says free where a server is refused


STARTING = """
import socket, sys
for _ in range(int(sys.argv[1])):
    for port in map(int, sys.argv[2:]):
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("127.0.0.1", port))
            server.listen()
"""


@pytest.mark.needs_linux
@pytest.mark.parametrize(
    "starts", [pytest.param(500, id="some"), pytest.param(5_000 * SCALE, id="many", marks=pytest.mark.faults)]
)
def test_asking_breaks_no_server_that_starts_meanwhile(starts: int):
    """A server binds and listens again and again, where somebody asks all the time whether it could."""
    ports = unused(4)
    command = [sys.executable, "-I", "-S", "-c", STARTING, str(starts // len(ports)), *map(str, ports)]
    told = set()
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        while server.poll() is None:
            told |= {bind_error(TCP, port) for port in ports}
        assert server.stderr
        assert (server.returncode, server.stderr.read()) == (0, "")
    assert told <= {FREE, TAKEN}
    assert FREE in told


@pytest.mark.needs_linux
def test_nothing_there(free_port: int):
    assert bind_error(TCP, free_port) is None
    assert bind_error(UDP, free_port) is None


@pytest.mark.needs_linux
@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::"])
@pytest.mark.parametrize("reuse", [False, True])
def test_udp(stack: ExitStack, address: str, *, reuse: bool):
    port = stack.enter_context(bound(address, reuse=reuse, kind=socket.SOCK_DGRAM)).getsockname()[1]
    assert bind_error(UDP, port) == IN_USE


def test_it_neither_listens_nor_connects(monkeypatch: pytest.MonkeyPatch, free_port: int):
    def refuse(*_: object) -> None:
        raise AssertionError

    for name in ("listen", "connect", "connect_ex", "send", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for platform in ("linux", "darwin"):
        assert bind_error(TCP, free_port, platform=platform) is None


@pytest.mark.needs_linux
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::"])
def test_the_check_of_other_systems_sees_listeners_too(stack: ExitStack, address: str):
    port = stack.enter_context(bound(address)).getsockname()[1]
    assert bind_error(TCP, port, platform="darwin") == IN_USE


@pytest.mark.needs_linux
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up a privilege")
def test_a_port_that_needs_a_privilege():
    code = (
        "import os; from portdash.machine.availability import bind_error; from portdash.model.ports import IpProtocol\n"
        "os.setgid(65534); os.setuid(65534); print(bind_error(IpProtocol.TCP, 1))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == NEEDS_PRIVILEGE


class Answers:
    """Stands in for the kernel: each bind answers with the next error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **by_address: int) -> None:
        self.tried: list[str] = []
        monkeypatch.setattr(availability, "_bind", self._bind)
        self._errors = {"::": by_address.get("six"), "0.0.0.0": by_address.get("four")}

    def _bind(self, protocol: IpProtocol, family: int, address: str, port: int, platform: str) -> None:
        assert (protocol, port) == (TCP, 80)
        assert family in (socket.AF_INET, socket.AF_INET6)
        assert platform
        self.tried.append(address)
        if code := self._errors.get(address):
            raise OSError(code, os.strerror(code))


def test_where_ipv6_is_off_the_ipv4_wildcard_decides(monkeypatch: pytest.MonkeyPatch):
    answers = Answers(monkeypatch, six=errno.EAFNOSUPPORT)
    assert bind_error(TCP, 80, platform="linux") is None
    assert answers.tried == ["::", "0.0.0.0"]
    assert Answers(monkeypatch, six=errno.EADDRNOTAVAIL, four=errno.EADDRINUSE)
    assert bind_error(TCP, 80) == IN_USE


def test_with_ipv6_one_bind_is_enough_on_linux_and_not_elsewhere(monkeypatch: pytest.MonkeyPatch):
    answers = Answers(monkeypatch)
    assert bind_error(TCP, 80, platform="linux") is None
    assert answers.tried == ["::"]
    answers.tried.clear()
    assert bind_error(TCP, 80, platform="darwin") is None
    assert answers.tried == ["::", "0.0.0.0", "127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("code", "platform", "verdict"),
    [
        (errno.EADDRINUSE, "linux", IN_USE),
        (errno.EACCES, "linux", NEEDS_PRIVILEGE),
        (errno.EACCES, "darwin", NEEDS_PRIVILEGE),
        (10048, "win32", IN_USE),
        (10013, "win32", "reserved by the system"),
    ],
)
def test_refusals_in_words(monkeypatch: pytest.MonkeyPatch, code: int, platform: str, verdict: str):
    Answers(monkeypatch, six=code)
    assert bind_error(TCP, 80, platform=platform) == verdict


@pytest.mark.parametrize(("code", "hint"), [(errno.EMFILE, "ulimit"), (errno.ENOBUFS, "ip address")])
def test_what_says_nothing_about_the_port_is_an_error(monkeypatch: pytest.MonkeyPatch, code: int, hint: str):
    Answers(monkeypatch, six=code)
    with pytest.raises(PortdashError, match="tcp port 80") as caught:
        bind_error(TCP, 80)
    assert hint in caught.value.hint


def test_without_any_internet_protocol_nothing_is_called_free(monkeypatch: pytest.MonkeyPatch):
    Answers(monkeypatch, six=errno.EAFNOSUPPORT, four=errno.EAFNOSUPPORT)
    with pytest.raises(PortdashError):
        bind_error(TCP, 80, platform="linux")


@pytest.mark.parametrize("port", [0, -1, 65536, True])
def test_what_is_no_port(port: int):
    with pytest.raises(InvalidPort):
        bind_error(TCP, port)
