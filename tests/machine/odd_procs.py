"""Odd /procs as data: what a file says, where a link points; and how such a tree is made and changed."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

A, B, C, D = (2**22 + number for number in (1, 2, 3, 4))
"""Pids that no kernel gives to anybody."""

HEADING = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def line(
    port: int,
    inode: int,
    *,
    address: bytes = b"0100007F",
    state: bytes = b"0A",
    queue: bytes = b"00000000:00000000",
    uid: int = 1000,
) -> bytes:
    """A line of /proc/net/tcp or udp, as the kernel pads it."""
    local = b"%s:%04X" % (address, port)
    return b"   0: %s %s:0000 %s %s 00:00000000 00000000 %5d        0 %d 1 0000000000000000 100 0 0 10 0\n" % (
        local, b"0" * len(address), state, queue, uid, inode,
    )  # fmt: skip


SIX = b"00000000000000000000000001000000"
ESTABLISHED = line(8000, 99, state=b"01")


@dataclass(frozen=True)
class Odd:
    """A /proc, and what listens according to it: port, pids, uid, connections, queue."""

    tables: Mapping[str, bytes]
    processes: Mapping[int, Mapping[str, bytes]] = field(default_factory=dict)
    """Links of each process's open files, by number."""
    rows: tuple[tuple[int, tuple[int, ...], int, int | None, int | None], ...] = ()
    others: tuple[bytes, ...] = ()
    """Directories that are there as well."""
    files: Mapping[str, bytes] = field(default_factory=dict)


ODD = {
    "one server": Odd(
        {"tcp": HEADING + line(8000, 11) + ESTABLISHED},
        {A: {"0": b"/dev/null", "3": b"socket:[11]"}},
        ((8000, (A,), 1000, 1, 0),),
    ),
    "hidepid: only our own processes are there": Odd(
        {"tcp": HEADING + line(8000, 11) + line(8001, 12, uid=0)},
        {A: {"3": b"socket:[11]"}},
        ((8000, (A,), 1000, 0, 0), (8001, (), 0, 0, 0)),
    ),
    "no process at all": Odd({"tcp": HEADING + line(8000, 11)}, {}, ((8000, (), 1000, 0, 0),)),
    "a process without fd, and a zombie's empty one": Odd(
        {"tcp": HEADING + line(8000, 11)},
        {A: {}, B: {"7": b"socket:[11]"}},
        ((8000, (B,), 1000, 0, 0),),
        others=(b"%d" % C, b"%d/fd" % D),
    ),
    "open files that are no links": Odd(
        {"tcp": HEADING + line(8000, 11)},
        {A: {"4": b"socket:[11]"}},
        ((8000, (A,), 1000, 0, 0),),
        files={f"{A}/fd/3": b"socket:[11]", f"{B}/fd": b"no directory"},
    ),
    "invalid UTF-8, escapes and nonsense for names": Odd(
        {"tcp": HEADING + line(8000, 11)},
        {A: {"3": b"/tmp/\xff\xfe\x1b[2J (deleted)", "4": b"socket:[11]", "5": b"socket:[11", "6": b"socket:[]"}},
        ((8000, (A,), 1000, 0, 0),),
        others=(b"\xff\xfe", b"12x", b"-1", b"self"),
    ),
    "garbage between the lines": Odd(
        {
            "tcp": b"garbage\n"
            + HEADING
            + b"\n\n   1: \n"
            + line(8000, 11)
            + b"\xff\xfe\x00 binary \x1b[2J\n"
            + line(8001, 12, address=b"XYZ")
            + line(8002, 13, address=b"0100007F" * 3)
            + line(8003, 14).replace(b"1F43", b"1F43F")
            + line(8004, 15).replace(b" 15 ", b" inode ")
            + line(8005, 16).replace(b"1F45", b"-0FF")
            + b"x" * 100_000
            + b"\n"
            + line(8006, 17)[:40]
            + b"\n"
            + line(8007, 18).rstrip(b"\n"),
        },
        {A: {"3": b"socket:[11]", "4": b"socket:[18]"}},
        ((8000, (A,), 1000, 0, 0), (8007, (A,), 1000, 0, 0)),
    ),
    "no IPv6": Odd(
        {"tcp": HEADING + line(8000, 11), "udp": HEADING + line(53, 12, state=b"07")},
        {A: {"3": b"socket:[11]", "4": b"socket:[12]"}},
        ((8000, (A,), 1000, 0, 0), (53, (A,), 1000, None, None)),
    ),
    "listeners after connections, as no Linux has them": Odd(
        {"tcp": HEADING + ESTABLISHED + line(8000, 11), "tcp6": HEADING + line(8001, 12, address=SIX)},
        {A: {"3": b"socket:[11]", "4": b"socket:[12]"}},
        ((8000, (A,), 1000, 1, 0), (8001, (A,), 1000, 0, 0)),
    ),
    "workers, a shared port, and clients that wait": Odd(
        {"tcp": HEADING + line(8000, 11, queue=b"00000000:00000003") + line(8000, 12, queue=b"00000000:00000002")},
        {A: {"3": b"socket:[11]"}, B: {"3": b"socket:[11]"}, C: {"9": b"socket:[12]"}},
        ((8000, (A, B, C), 1000, 0, 5),),
    ),
    "bound to nothing": Odd({"tcp": HEADING + line(0, 11), "udp": HEADING + line(0, 12, state=b"07")}),
    "empty tables": Odd({"tcp": b"", "tcp6": HEADING}),
}


class FakeProc:
    """A /proc in a directory of ours."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "net").mkdir(parents=True)
        (root / "net" / "tcp").write_bytes(HEADING)

    @property
    def path(self) -> str:
        """What takes the place of `/proc`."""
        return str(self.root)

    def build(self, odd: Odd) -> "FakeProc":
        """Make what the data say."""
        for name, data in odd.tables.items():
            (self.root / "net" / name).write_bytes(data)
        for pid, links in odd.processes.items():
            self.process(pid, links)
        for name in odd.others:
            (self.root / os.fsdecode(name)).mkdir(parents=True)
        for path, data in odd.files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_bytes(data)
        return self

    def process(self, pid: int, links: Mapping[str, bytes]) -> None:
        """Let a process be there, with these files open and no others."""
        self.end(pid)
        (self.root / str(pid) / "fd").mkdir(parents=True)
        (self.root / str(pid) / "status").write_text(f"Name:\tnode\nTgid:\t{pid}\nNgid:\t0\n")
        for number, link in links.items():
            (self.root / str(pid) / "fd" / number).symlink_to(os.fsdecode(link))

    def end(self, pid: int) -> None:
        """Let a process be gone."""
        shutil.rmtree(self.root / str(pid), ignore_errors=True)

    def tables(self, **tables: bytes) -> None:
        """Let the tables say something else."""
        for name, data in tables.items():
            (self.root / "net" / name).write_bytes(HEADING + data)

    def newest(self, pid: int) -> None:
        """Let this be the pid that was given last."""
        (self.root / "loadavg").write_text(f"0.00 0.01 0.05 1/100 {pid}\n")
