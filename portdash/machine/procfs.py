"""Raw reads of /proc/PID: what the kernel says of a process, without asking for more than is needed."""

import os
from collections.abc import Iterator

from portdash.machine.files import read_open
from portdash.named_tuple import NamedTuple

PROC = "/proc"
ENVIRONMENT_BYTES = 256 * 1024
"""Read of an environment at most."""

CONTAINER = r"/(?P<engine>docker|libpod|crio|cri-containerd)[-/_](?:[^/]*-)?(?P<id>[0-9a-f]{12,64})(?:\.scope)?"
"""The part of a control group's path that names a container."""


class Stat(NamedTuple):
    """The fields of /proc/PID/stat that we use."""

    name: bytes
    """At most 15 bytes, chosen by the process: it may hold spaces, parentheses and worse."""
    state: str
    """`R` `S` `D` `T` `Z` ..."""
    parent: int
    session: int
    terminal: int
    """Device number of its terminal, 0 for none."""
    ticks: int
    """Start in kernel ticks since boot."""
    group: int = 0
    """Leader of its process group."""
    image: tuple[bytes, ...] = ()
    """Where its arguments lie in memory: somewhere else after each exec, even of the same program."""

    @property
    def is_dead(self) -> bool:
        """Whether only its entry is left, waiting to be collected by its parent."""
        return self.state in "ZXx"


def read(path: str, limit: int = 4096) -> bytes | None:
    """Return at most `limit` bytes of a file under /proc, None when the process is gone or hides it."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        return read_open(descriptor, limit)
    except OSError:  # it ended between open and read
        return None
    finally:
        os.close(descriptor)


def read_stat(pid: int, *, proc: str = PROC) -> Stat | None:
    """Return what /proc/PID/stat says, None when there is no such process."""
    data = read(f"{proc}/{pid}/stat")
    return parse_stat(data) if data else None


def parse_stat(data: bytes) -> Stat | None:
    """Read the fields of a stat line; None when it is not one.

    The name stands in parentheses and may itself hold any number of them, so the last `)` ends it.
    """
    start, end = data.find(b"(") + 1, data.rfind(b")")
    fields = data[end + 1 :].split()
    if not 0 < start <= end or len(fields) < 20:
        return None
    try:
        parent, group, session, terminal, ticks = (int(fields[index]) for index in (1, 2, 3, 4, 19))
    except ValueError:
        return None
    return Stat(data[start:end], chr(fields[0][0]), parent, session, terminal, ticks, group, tuple(fields[45:48]))


class Lineage(NamedTuple):
    """What stays the same while a process lives on, runs the same program and keeps its parent and session.

    As the kernel writes it: it is compared each second for each process, and read as numbers by nobody.
    """

    ticks: bytes
    name: bytes
    """With the pid before it."""
    parent: bytes
    session: bytes
    terminal: bytes
    image: tuple[bytes, ...]


def lineage_of(data: bytes) -> Lineage | None:
    """Return what a stat line says of this; None when it is none, or its process is dead and not collected yet."""
    end = data.rfind(b")")
    fields = data[end + 1 :].split()
    if end < 0 or len(fields) < 20 or fields[0] in b"ZXx":
        return None
    return Lineage(fields[19], data[:end], fields[1], fields[3], fields[4], tuple(fields[45:48]))


def how_much_ran(pid: int | str, *, proc: str = PROC) -> bytes | None:
    """Return what is another as soon as a process has run; None when it is gone, and where the kernel does not count.

    It is of the first thread of the process only, and of that which takes its place by exec.
    """
    data = read(f"{proc}/{pid}/schedstat")
    return None if not data or data.startswith(b"0 ") else data


def real_uid(pid: int, *, proc: str = PROC) -> int | None:
    """Return the effective user of a process. Its directory's owner would not do: that is root for many daemons."""
    for line in (read(f"{proc}/{pid}/status") or b"").splitlines():
        if line.startswith(b"Uid:"):
            return int(line.split()[2])
    return None


def cgroup_of(pid: int | str, *, proc: str = PROC) -> str:
    """Return the path of the process's control group, empty when there is none or it is hidden."""
    best = ""
    for line in (read(f"{proc}/{pid}/cgroup") or b"").decode("utf-8", "replace").splitlines():
        hierarchy, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if path == "/":
            continue
        if hierarchy == "0":
            return path
        if controllers == "name=systemd" or not best:
            best = path
    return best


def environment_of(pid: int, *, proc: str = PROC) -> bytes:
    """Return the bytes of the environment that a process was started with; none when it is gone or hides it."""
    return read(f"{proc}/{pid}/environ", ENVIRONMENT_BYTES) or b""


def entries(environment: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and value of each variable; the last one is left out where it may have been cut off."""
    if len(environment) >= ENVIRONMENT_BYTES:
        environment = environment[: environment.rfind(b"\0") + 1]
    for entry in environment.split(b"\0"):
        name, equals, value = entry.partition(b"=")
        if equals:
            yield name, value


def variables(pid: int, names: frozenset[str], *, proc: str = PROC) -> dict[str, str]:
    """Return these variables that a process was started with, and none else; {} when it is gone or hides them."""
    found: dict[str, str] = {}
    for name, value in entries(environment_of(pid, proc=proc)):
        if (word := name.decode("utf-8", "replace")) in names:
            found.setdefault(word, value.decode("utf-8", "replace"))
    return found


def open_file(pid: int, number: int | str, *, proc: str = PROC) -> str | None:
    """Return what an open file of a process is, such as `socket:[4711]`; None when it is closed or hidden."""
    try:
        return os.readlink(f"{proc}/{pid}/fd/{number}")  # noqa: PTH115 (the hottest line of the room)
    except OSError:
        return None


def open_files(pid: int, *, proc: str = PROC) -> set[str]:
    """Return what the open files of a process are, as `open_file` does; empty when it is gone or hidden."""
    try:
        numbers = os.listdir(f"{proc}/{pid}/fd")  # noqa: PTH208
    except OSError:
        return set()
    return {link for number in numbers if (link := open_file(pid, number, proc=proc))}
