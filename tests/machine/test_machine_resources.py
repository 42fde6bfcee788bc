"""How much of the machine is in use, and why owners are hidden: read from the real system, and from made-up ones."""

import os
import socket
import sys
from pathlib import Path

import pytest

from portdash.errors import UsageError
from portdash.machine.addresses import NOT_HERE, bind_error_on, read_address
from portdash.machine.availability import IN_USE
from portdash.machine.resources import free_disk, read_resources, why_hidden
from portdash.model.ports import IpProtocol


def made_up(tmp_path: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(tmp_path)


@pytest.mark.needs_linux
def test_the_real_machine(tmp_path: Path):
    found = read_resources(tmp_path / "not" / "there", look_seconds=0.5)
    assert found.load is not None
    assert found.cores >= 1
    assert found.system_files is not None
    assert 0 < found.system_files[0] < found.system_files[1]
    assert found.sockets is not None
    assert found.free_disk
    assert found.bind_seconds is not None
    assert found.bind_seconds > 0
    assert found.look_seconds == 0.5


@pytest.mark.needs_linux
def test_sockets_are_counted(tmp_path: Path):
    proc = made_up(
        tmp_path,
        {
            "net/sockstat": "sockets: used 300\nTCP: inuse 27 orphan 1 tw 200 alloc 30 mem 4\nUDP: inuse 9 mem 2\n",
            "net/sockstat6": "TCP6: inuse 13\nUDP6: inuse 4\n",
            "sys/fs/file-nr": "2272\t0\t9223372036854775807\n",
        },
    )
    found = read_resources(tmp_path, proc=proc)
    assert found.sockets == 240
    assert found.system_files == (2272, 2**63 - 1)


def test_a_system_that_tells_nothing(tmp_path: Path):
    found = read_resources(tmp_path, proc=str(tmp_path / "nothing"))
    assert (found.sockets, found.system_files) == (None, None)
    assert why_hidden(proc=str(tmp_path / "nothing")) is not None
    garbage = made_up(tmp_path, {"net/sockstat": "\0\xff TCP: inuse x", "sys/fs/file-nr": "many\n"})
    found = read_resources(tmp_path, proc=garbage)
    assert (found.sockets, found.system_files) == (None, None)


@pytest.mark.parametrize(
    ("mounts", "caps", "words"),
    [
        ("proc /proc proc rw,relatime,hidepid=2 0 0\n", "000001ffffffffff", "hidepid=2"),
        ("proc /proc proc rw,hidepid=invisible 0 0\n", "0", "hidepid=invisible"),
        ("proc /proc proc rw,hidepid=0 0 0\n", "0", "other users"),
        ("proc /proc proc rw 0 0\n", "0000000000000000", "other users"),
        ("proc /proc proc rw 0 0\n", "000001ffffffffff", None),
    ],
)
def test_why_owners_are_hidden(tmp_path: Path, mounts: str, caps: str, words: str | None):
    proc = made_up(tmp_path, {"self/mounts": mounts, "self/status": f"Name:\tx\nCapEff:\t{caps}\n"})
    found = why_hidden(proc=proc)
    assert (found is None) if words is None else (found is not None and words in found)


def test_the_disk_of_what_is_not_there_yet(tmp_path: Path):
    assert free_disk(tmp_path / "a" / "b")


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("127.0.0.1", ("127.0.0.1",)), ("::1", ("::1",)), ("[::1]", ("::1",)), ("0:0::1", ("::1",)), ("*", ("::",)),
        ("LOCALHOST", ("127.0.0.1", "::1")), (" 0.0.0.0 ", ("0.0.0.0",)),
    ],
)  # fmt: skip
def test_addresses_as_people_write_them(text: str, addresses: tuple[str, ...]):
    assert read_address(text) == addresses


@pytest.mark.parametrize("text", ["", "web", "127.0.0", "256.1.1.1", "::g", "127.0.0.1:80", "\x1b[31m", "x" * 5000])
def test_what_is_no_address(text: str):
    with pytest.raises(UsageError) as caught:
        read_address(text)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 120


@pytest.mark.parametrize("protocol", list(IpProtocol))
def test_one_address_may_be_taken_and_another_free(protocol: IpProtocol):
    kind = socket.SOCK_STREAM if protocol is IpProtocol.TCP else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as held:
        held.bind(("127.0.0.1", 0))
        if protocol is IpProtocol.TCP:
            held.listen()
        port = held.getsockname()[1]
        assert bind_error_on(protocol, "127.0.0.1", port) == IN_USE
        assert bind_error_on(protocol, "0.0.0.0", port) == IN_USE
        assert bind_error_on(protocol, "::1", port) in (None, NOT_HERE)
        assert bind_error_on(protocol, "203.0.113.7", port) == NOT_HERE
    assert bind_error_on(protocol, "127.0.0.1", port) is None


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() == 0, reason="root may bind every port")
def test_a_port_that_needs_a_privilege():
    assert bind_error_on(IpProtocol.TCP, "127.0.0.1", 81) in ("needs a privilege", None)
