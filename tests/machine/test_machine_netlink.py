"""The kernel's short table of sockets: recorded bytes, and the kernel itself."""

import errno
import os
import socket
import struct
import sys
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from kernel import tells_bound

from portdash.machine import netlink_diag
from portdash.machine.diag_messages import DiagRow, end_of, messages, read_connections, read_table
from portdash.machine.netlink_diag import Dump, SocketDiag, tcp_counters
from portdash.model.ports import IpProtocol

TCP, UDP = IpProtocol.TCP, IpProtocol.UDP

pytestmark = [
    pytest.mark.needs_linux,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has netlink"),
    pytest.mark.skipif(sys.byteorder != "little", reason="the samples are of a little-endian machine"),
]


UDP_MAPPED = bytes.fromhex(
    "840000001400020001000000f72400000a070000e744000000000000000000000000ffff7f00000100000000000000000000000000000000"
    "00000000831000000000000000000000000000000000000000000000aab60400050008000000000005000b000000000008000f0000000000"
    "0c00150001000000000000000600160010000000"
)
TCP_V6_ONLY = bytes.fromhex(
    "840000001400020001000000f72400000a0a000018eb000000000000000000000000000000000001000000000000000000000000000000000000"
    "00000b000000000000000000000000000000000000000000000006140000050008000000000005000b000100000008000f00000000000c0015"
    "0001000000000000000600160012000000"
)
TCP_V4 = bytes.fromhex(
    "7c0000001400020001000000f7240000020a000018eb00007f00000100000000000000000000000000000000000000000000000000000000"
    "0000000009000000000000000000000000000000000000006a00000005140000050008000000000008000f00000000000c00150001000000"
    "000000000600160052000000"
)
ENDED = bytes.fromhex("140000000300020001000000f724000000000000")
REFUSED = bytes.fromhex("140000000300020001000000f7240000feffffff")


class TestRecorded:
    def test_rows(self):
        assert list(read_table(TCP_V4, TCP)) == [
            DiagRow(protocol=TCP, address="127.0.0.1", port=6379, uid=106, inode=5125, queue=0)
        ]
        assert list(read_table(TCP_V6_ONLY + TCP_V6_ONLY, TCP)) == 2 * [
            DiagRow(protocol=TCP, address="::1", port=6379, uid=0, inode=5126, only_v6=True, queue=0)
        ]
        assert list(read_table(UDP_MAPPED, UDP)) == [
            DiagRow(protocol=UDP, address="127.0.0.1", port=59204, uid=0, inode=308906, only_v6=False)
        ]

    def test_all_tables(self):
        dump = Dump((TCP_V4 + TCP_V6_ONLY, b"", UDP_MAPPED))
        assert [(row.protocol, row.address) for row in dump.rows()] == [
            (TCP, "127.0.0.1"), (TCP, "::1"), (UDP, "127.0.0.1"),
        ]  # fmt: skip

    def test_an_old_kernel_sends_no_attributes(self):
        bare = (88).to_bytes(4, "little") + TCP_V6_ONLY[4:88]
        assert [row.only_v6 for row in read_table(bare, TCP)] == [None]

    @pytest.mark.parametrize("size", [1, 15, 16, 60, len(TCP_V4) - 1])
    def test_what_is_cut_short_is_an_os_error(self, size: int):
        with pytest.raises(OSError, match="socket table"):
            list(read_table(TCP_V4[:size], TCP))

    def test_a_message_without_length_does_not_loop(self):
        with pytest.raises(OSError, match="no list"):
            list(read_table(bytes(64), TCP))

    def test_a_message_too_small_for_a_socket(self):
        with pytest.raises(OSError, match="cut short"):
            list(read_table(ENDED, TCP))

    def test_where_a_dump_ends(self):
        assert end_of(TCP_V4 + ENDED) == len(TCP_V4)
        assert end_of(TCP_V4) is None
        with pytest.raises(FileNotFoundError):  # no such table in this kernel
            end_of(REFUSED)
        with pytest.raises(OSError, match="early"):
            end_of(b"")
        changed = TCP_V4[:6] + (0x12).to_bytes(2, "little") + TCP_V4[8:]
        with pytest.raises(BlockingIOError):
            end_of(changed)

    def test_connections(self):
        assert list(read_connections(b"")) == []
        assert list(read_connections(TCP_V4 * 2 + TCP_V6_ONLY)) == [(6379, "127.0.0.1", 2), (6379, "::1", 1)]
        assert list(read_connections(TCP_V4 * 3)) == [(6379, "127.0.0.1", 3)]
        other = TCP_V4[:20] + (80).to_bytes(2, "big") + TCP_V4[22:]
        assert list(read_connections(TCP_V4 + other, [80])) == [(80, "127.0.0.1", 1)]
        assert list(read_connections(TCP_V4 * 2 + TCP_V6_ONLY, [80])) == []
        with pytest.raises(OSError, match="no list of messages"):
            list(read_connections(b"\x01" * 40))

    def test_a_piece_of_another_dump(self):
        other = TCP_V4[:8] + struct.pack("=I", 7) + TCP_V4[12:]
        with pytest.raises(BlockingIOError):
            end_of(other)


def rows_of(diag: SocketDiag, *sockets: socket.socket) -> list[DiagRow]:
    inodes = {os.fstat(each.fileno()).st_ino for each in sockets}
    return [row for row in diag.dump().rows() if row.inode in inodes]


def ports(dump: Dump) -> set[tuple[IpProtocol, str, int]]:
    return {(row.protocol, row.address, row.port) for row in dump.rows()}


class TestThisKernel:
    def test_it_knows_what_psutil_knows(self):
        with (
            socket.create_server(("127.0.0.1", 0)) as four,
            socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as dual,
            socket.create_server(("::1", 0), family=socket.AF_INET6) as six,
            socket.socket(type=socket.SOCK_DGRAM) as udp,
        ):
            udp.bind(("127.0.0.1", 0))
            mine = {each.getsockname()[1]: each for each in (four, dual, six, udp)}
            rows = {row.port: row for row in SocketDiag().dump().rows() if row.port in mine}
            told = {each.laddr.port: each for each in psutil.net_connections("inet") if each.laddr.port in mine}
            assert rows.keys() == told.keys() == mine.keys()
            assert {port: row.address for port, row in rows.items()} == {p: t.laddr.ip for p, t in told.items()}
            assert {row.uid for row in rows.values()} == {os.geteuid()}
            assert {port: row.inode for port, row in rows.items()} == {
                port: os.fstat(each.fileno()).st_ino for port, each in mine.items()
            }
            only = [rows[each.getsockname()[1]].only_v6 for each in (four, dual, six, udp)]
            assert only == [None, False, True, None]

    def test_a_socket_appears_and_vanishes_at_once(self):
        diag = SocketDiag()
        with socket.create_server(("127.0.0.1", 0)) as server:
            slot = (TCP, *server.getsockname())
            assert slot in ports(diag.dump())
        assert slot not in ports(diag.dump())

    def test_one_socket_in_place_of_another_is_a_change(self):
        diag = SocketDiag()

        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            first = server_row(diag, port)
        with socket.create_server(("127.0.0.1", port)):
            second = server_row(diag, port)
        assert None not in (first, second)
        assert first != second

    def test_clients_that_wait_are_counted(self):
        diag = SocketDiag()
        with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as clients:
            for waiting in range(3):
                assert [row.queue for row in rows_of(diag, server)] == [waiting]
                clients.enter_context(socket.create_connection(server.getsockname()))

    def test_the_older_way_and_the_newer_tell_the_same(self):
        newer = SocketDiag()
        newer._knows_older_way = False
        with ExitStack() as stack:
            made = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(300)]
            six = stack.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6))
            stack.enter_context(socket.create_connection(six.getsockname()[:2]))
            rows = [set(rows_of(diag, *made, six)) for diag in (SocketDiag(), newer)]
            assert rows[0] == rows[1]
            assert len(rows[0]) == 301
            port = six.getsockname()[1]
            assert [diag.connected()[port]["::1"] for diag in (SocketDiag(), newer)] == [1, 1]

    def test_a_kernel_that_does_not_know_the_older_way_is_asked_the_newer(self, monkeypatch: pytest.MonkeyPatch):
        diag = SocketDiag()
        ask = diag._ask

        def refuse_older(request: bytes) -> bytes:
            if request[4:6] == bytes((18, 0)):
                raise OSError(errno.EOPNOTSUPP, "Operation not supported")
            return ask(request)

        monkeypatch.setattr(diag, "_ask", refuse_older)
        with socket.create_server(("127.0.0.1", 0)) as server:
            assert (TCP, *server.getsockname()) in ports(diag.dump())

    @pytest.mark.skipif(not tells_bound(), reason="this kernel does not tell of sockets that are only bound")
    def test_bound_and_neither_listening_nor_connected(self):
        with ExitStack() as stack:
            bound = {}
            for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                held = stack.enter_context(socket.socket(family))
                held.bind((address, 0))
                bound[held.getsockname()[1]] = (address, os.fstat(held.fileno()).st_ino, None)
            listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            client = stack.enter_context(socket.create_connection(listening.getsockname()))
            mine = bound.keys() | {listening.getsockname()[1], client.getsockname()[1]}
            told = {row.port: (row.address, row.inode, row.queue) for row in SocketDiag().bound() if row.port in mine}
            assert told == bound

    def test_connections_are_counted_anew_when_tcp_has_done_something(self, monkeypatch: pytest.MonkeyPatch):
        done = [b"Tcp: 1"]
        monkeypatch.setattr(netlink_diag, "tcp_counters", lambda: done[0])
        diag = SocketDiag()
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            first = diag.connected({port})
            with socket.create_connection(server.getsockname()), server.accept()[0]:
                assert diag.connected({port}) is first  # as if no segment had been sent
                assert port in diag.connected({port, 1})
                done[0] = b"Tcp: 2"
                assert diag.connected({port}) == {port: {"127.0.0.1": 1}}
                done[0] = None
                assert diag.connected({port}) == {port: {"127.0.0.1": 1}}
            assert diag.connected({port}) == {}

    def test_whatever_becomes_of_a_connection_tcp_has_done_something(self):
        seen = [tcp_counters()]
        with socket.create_server(("127.0.0.1", 0)) as server:
            near = socket.create_connection(server.getsockname())
            seen.append(tcp_counters())
            far = server.accept()[0]
            far.close()
            seen.append(tcp_counters())
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            near.close()
            seen.append(tcp_counters())
        assert None not in seen
        assert len(set(seen)) == len(seen)

    def test_where_nothing_is_told_of_tcp(self, tmp_path: Path):
        assert tcp_counters(proc=str(tmp_path)) is None

    def test_it_can_be_closed_twice_and_is_of_no_more_use(self):
        diag = SocketDiag()
        diag.close()
        diag.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            diag.dump()


def server_row(diag: SocketDiag, port: int) -> bytes | None:
    """The message about one of our servers: the rest of the table is other people's."""
    table = diag.dump().tables[0]
    for start, length in messages(table):
        message = table[start : start + length]
        if next(read_table(message, TCP)).port == port:
            return message
    return None
