"""The socket table: real sockets, and rows as other systems give them."""

import errno
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass

import psutil
import pytest
from machine_children import Serve

from portdash.machine import owners, proc_net, sockets_psutil
from portdash.machine.netlink_diag import SocketDiag
from portdash.machine.proc_net import ProcNet
from portdash.machine.sockets_kernel import KernelSockets
from portdash.machine.sockets_psutil import OwnedRow, PsutilSockets, own_rows
from portdash.machine.sockets_system import SystemSockets
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket
from portdash.model.sources import SocketSource

TCP, UDP = IpProtocol.TCP, IpProtocol.UDP


@dataclass(frozen=True)
class Address:
    ip: str
    port: int


def row(
    ip: str,
    port: int,
    *,
    status: str = "LISTEN",
    pid: int | None = None,
    peer: Address | tuple[()] = (),
    kind: int = socket.SOCK_STREAM,
    fd: int = -1,
) -> OwnedRow:
    return OwnedRow(fd=fd, type=kind, laddr=Address(ip, port), raddr=peer, status=status, pid=pid)


def read(*rows: OwnedRow) -> tuple[Socket, ...]:
    return PsutilSockets(lambda: rows).sockets()


def on(source: SocketSource, port: int, protocol: IpProtocol = TCP, address: str = "127.0.0.1") -> list[Socket]:
    """What all sources tell of an address and a port; others may have the port on another address."""
    slot = protocol, address, port
    found = (each for each in source.sockets() if (each.protocol, each.address, each.port) == slot)
    return [each._replace(uid=None, dual_stack=None, queue=None) for each in found]


class TestRowsOfAnySystem:
    def test_sockets_on_one_address_are_one_row_with_all_pids(self):
        gone = 2**22 + 5
        found = read(row("0.0.0.0", 80, pid=gone + 1, fd=3), row("0.0.0.0", 80, pid=gone, fd=3), row("::", 80))
        assert found == (
            Socket(protocol=TCP, address="0.0.0.0", port=80, pids=(gone, gone + 1), connections=0),
            Socket(protocol=TCP, address="::", port=80, connections=0),
        )

    def test_what_does_not_listen_is_left_out(self):
        peer = Address("10.0.0.1", 99)
        assert read(
            row("10.0.0.2", 40000, status="ESTABLISHED", peer=peer),
            row("10.0.0.2", 40001, status="TIME_WAIT", peer=peer),
            row("10.0.0.2", 40002, status="NONE", peer=peer, kind=socket.SOCK_DGRAM),
            row("10.0.0.2", 40003, status="CLOSE"),
            row("10.0.0.2", 0, status="NONE", kind=socket.SOCK_DGRAM),
            OwnedRow(fd=-1, type=socket.SOCK_STREAM, laddr=(), raddr=(), status="CLOSE", pid=None),
        ) == ()  # fmt: skip

    def test_bound_udp_is_a_listener_without_connections(self):
        assert read(row("127.0.0.1", 53, status="NONE", kind=socket.SOCK_DGRAM)) == (
            Socket(protocol=UDP, address="127.0.0.1", port=53),
        )

    def test_an_ipv4_address_in_an_ipv6_socket_and_a_zone_are_written_plainly(self):
        found = read(row("::ffff:127.0.0.1", 8080), row("fe80::1%eth0", 8080))
        assert [each.address for each in found] == ["127.0.0.1", "fe80::1"]

    def test_connections_belong_to_the_nearest_address(self):
        rows = [row("0.0.0.0", 80), row("127.0.0.1", 80), row("::", 80)]
        locals_ = ("127.0.0.1", "127.0.0.1", "10.0.0.2", "::1", "::ffff:10.0.0.2")
        made = [row(local, 80, status="ESTABLISHED", peer=Address("10.0.0.9", 50000)) for local in locals_]
        assert {each.address: each.connections for each in read(*rows, *made)} == {
            "0.0.0.0": 2,
            "127.0.0.1": 2,
            "::": 1,
        }

    def test_a_dual_wildcard_alone_has_the_ipv4_connections_too(self):
        made = row("10.0.0.2", 80, status="ESTABLISHED", peer=Address("10.0.0.9", 50000))
        assert [each.connections for each in read(row("::", 80), made)] == [1]

    def test_own_sockets_only_where_the_whole_table_is_refused(self):
        class Refused(Exception):
            pass

        class Proc:
            def __init__(self, pid: int, *rows: OwnedRow) -> None:
                self.pid, self._rows = pid, rows

            def net_connections(self, kind: str) -> Iterable[OwnedRow]:
                assert kind == "inet"
                if not self._rows:
                    raise Refused
                return self._rows

        found = list(own_rows([Proc(7, row("::1", 80)), Proc(8), Proc(9, row("::1", 81, fd=4))], Refused))
        assert [(each.pid, each.laddr.port) for each in found] == [(7, 80), (9, 81)]

    @pytest.mark.parametrize("error", [psutil.AccessDenied(1), RuntimeError("malformed line"), psutil.Error("other")])
    def test_a_table_that_cannot_be_had_is_an_os_error(self, monkeypatch: pytest.MonkeyPatch, error: Exception):
        def refuse(_: str) -> None:
            raise error

        monkeypatch.setattr(sockets_psutil.sys, "platform", "linux")
        monkeypatch.setattr(psutil, "net_connections", refuse)
        with pytest.raises(OSError, match="table of sockets") as caught:
            PsutilSockets().sockets()
        assert caught.value.errno in (errno.EACCES, errno.EIO)


def refuse() -> SocketSource:
    """Where a fallback would be a fault."""
    raise AssertionError


def kernel() -> KernelSockets:
    return KernelSockets(refuse, tables=SocketDiag)


class Again:
    """A source that has been asked before, and counts connections anew each time."""

    def __init__(self, source: SystemSockets) -> None:
        self._source = source

    def sockets(self) -> tuple[Socket, ...]:
        for _ in range(2):
            self._source.sockets()
        if self._source._watched:
            self._source._watched._at = -1e9
        return self._source.sockets()


SOURCES = [
    pytest.param(PsutilSockets(), id="psutil"),
    pytest.param(kernel(), id="kernel", marks=pytest.mark.needs_linux),
    pytest.param(KernelSockets(refuse, tables=ProcNet), id="proc-net", marks=pytest.mark.needs_linux),
    pytest.param(Again(SystemSockets(refuse, tables=SocketDiag)), id="watched", marks=pytest.mark.needs_linux),
    pytest.param(Again(SystemSockets(refuse, tables=ProcNet)), id="watched-proc-net", marks=pytest.mark.needs_linux),
]
"""Every way to read the table; what they say must be the same."""


@pytest.mark.parametrize("source", SOURCES)
class TestRealSockets:
    @pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "0.0.0.0", "::1", "::"])
    def test_tcp(self, source: SocketSource, address: str):
        with socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET) as server:
            port = server.getsockname()[1]
            expected = Socket(protocol=TCP, address=address, port=port, pids=(os.getpid(),), connections=0)
            assert on(source, port, address=address) == [expected]

    def test_connections_are_counted_once_each(self, source: SocketSource):
        with ExitStack() as stack:
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            for _ in range(3):
                stack.enter_context(socket.create_connection(server.getsockname()))
                stack.enter_context(server.accept()[0])
            assert [each.connections for each in on(source, server.getsockname()[1])] == [3]

    def test_udp_bound_is_seen_and_connected_is_not(self, source: SocketSource):
        with socket.socket(type=socket.SOCK_DGRAM) as bound, socket.socket(type=socket.SOCK_DGRAM) as client:
            bound.bind(("127.0.0.1", 0))
            client.connect(bound.getsockname())
            port = bound.getsockname()[1]
            assert on(source, port, UDP) == [Socket(protocol=UDP, address="127.0.0.1", port=port, pids=(os.getpid(),))]
            assert on(source, client.getsockname()[1], UDP) == []

    def test_bound_and_not_listening_is_not_a_listener(self, source: SocketSource):
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            assert on(source, bound.getsockname()[1]) == []

    def test_a_shared_port_is_one_row(self, source: SocketSource):
        with socket.socket() as one, socket.socket() as two:
            for each in (one, two):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind(("127.0.0.1", 0))
            two.bind(one.getsockname())
            one.listen()
            two.listen()
            assert [each.pids for each in on(source, one.getsockname()[1])] == [(os.getpid(),)]

    @pytest.mark.needs_linux
    def test_every_process_of_a_prefork_server_is_named(self, source: SocketSource, serve: Serve):
        child = serve("--fork", "3")
        assert len(child.pids) == 4
        assert [each.pids for each in on(source, child.port)] == [tuple(sorted(child.pids))]

    @pytest.mark.skipif(not shutil.which("ss"), reason="there is no ss to compare with")
    def test_the_same_as_ss(self, source: SocketSource, serve: Serve):
        for address in ("127.0.0.1", "0.0.0.0", "::1", "::"):
            serve("--address", address)
        serve("--udp")
        for option, protocol in (("t", TCP), ("u", UDP)):
            looks = ((ss(option), listening(source, protocol), ss(option)) for _ in range(20))
            assert any(before == ours == after for before, ours, after in looks)  # others come and go meanwhile


def listening(source: SocketSource, protocol: IpProtocol) -> set[tuple[str, int]]:
    found = [each for each in source.sockets() if each.protocol is protocol]
    # ss writes the dual wildcard as *, psutil cannot tell it from the other
    return {("*" if each.address == "::" else each.address, each.port) for each in found}


def ss(option: str) -> set[tuple[str, int]]:
    told = subprocess.run(["ss", f"-Hln{option}"], capture_output=True, text=True, errors="replace", check=True).stdout
    rows = set()
    for line in told.splitlines():
        address, _, port = line.split()[3].rpartition(":")
        address = re.sub(r"%[^\]]*", "", address).strip("[]")
        rows.add(("*" if address == "::" else address, int(port)))
    return rows


@pytest.mark.needs_linux
class TestTheKernelsTable:
    def test_it_tells_the_dual_wildcard_from_the_other_and_whose_a_socket_is(self):
        with ExitStack() as stack:
            expected = {}
            for only_v6 in (0, 1):
                server = stack.enter_context(socket.socket(socket.AF_INET6))
                server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only_v6)
                server.bind(("::", 0))
                server.listen()
                expected[server.getsockname()[1]] = (not only_v6, os.geteuid())
            rows = [each for each in kernel().sockets() if each.port in expected]
            assert {each.port: (each.dual_stack, each.uid) for each in rows} == expected

    def test_a_connection_over_ipv6_is_counted_at_its_address(self):
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
            port = server.getsockname()[1]
            with socket.create_connection(("::1", port)), server.accept()[0]:
                assert SocketDiag().connected()[port]["::1"] == 1
                assert on(kernel(), port, address="::1")[0].connections == 1

    def test_without_it_the_other_source_is_asked(self):
        class Refused(SocketDiag):
            def __init__(self) -> None:
                raise OSError(errno.EPROTONOSUPPORT, "no such table")

        class Other:
            def sockets(self) -> tuple[Socket, ...]:
                return (Socket(protocol=TCP, address="::1", port=80),)

        assert [each.port for each in KernelSockets(Other, tables=Refused).sockets()] == [80]


class TestHiddenOwners:
    @pytest.mark.parametrize(
        ("text", "address"),
        [
            ("0100007F", "127.0.0.1"),
            ("00000000", "0.0.0.0"),
            ("0" * 32, "::"),
            ("00000000000000000000000001000000", "::1"),
            ("0000000000000000FFFF00000100007F", "127.0.0.1"),
            ("000080FE00000000FF005450B6AD1DFE", "fe80::5054:ff:fe1d:adb6"),
        ],
    )
    @pytest.mark.skipif(sys.byteorder != "little", reason="the samples are of a little-endian machine")
    def test_addresses_of_the_kernels_tables(self, text: str, address: str):
        assert proc_net.decode_address(text) == address

    @pytest.mark.needs_linux
    def test_the_tables_name_the_user_of_every_socket(self):
        with (
            socket.create_server(("127.0.0.1", 0)) as four,
            socket.create_server(("::1", 0), family=socket.AF_INET6) as six,
            socket.socket(type=socket.SOCK_DGRAM) as udp,
        ):
            udp.bind(("127.0.0.1", 0))
            slots = {(TCP, each.getsockname()[0], each.getsockname()[1]) for each in (four, six)}
            slots.add((UDP, "127.0.0.1", udp.getsockname()[1]))
            assert owners.hidden_uids({*slots, (TCP, "127.0.0.7", 1)}) == dict.fromkeys(slots, os.geteuid())

    @pytest.mark.needs_linux
    def test_a_socket_that_is_gone_has_no_sharers(self):
        assert owners.sharers([(2**22 + 5, 3), (os.getpid(), 999_999)]) == {}

    @pytest.mark.needs_linux
    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who sees less")
    def test_another_user_sees_every_listener_and_whose_it_is(self):
        code = (
            "import os\n"
            "from portdash.machine.sockets_psutil import PsutilSockets\n"
            "PsutilSockets().sockets()  # loads all while it may\n"
            "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "for s in PsutilSockets().sockets(): print(s.protocol, s.address, s.port, list(s.pids), s.uid)"
        )
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(type=socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", 0))
            told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
            lines = told.splitlines()
            assert f"tcp 127.0.0.1 {server.getsockname()[1]} [] 0" in lines
            assert f"udp 127.0.0.1 {udp.getsockname()[1]} [] 0" in lines
