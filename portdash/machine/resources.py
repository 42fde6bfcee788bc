"""How much of this machine is in use, and why owners of sockets are out of sight."""

import os
import re
import shutil
import time
from pathlib import Path

from portdash.errors import PortdashError
from portdash.machine.availability import bind_error
from portdash.machine.limits import read_limits
from portdash.machine.procfs import PROC, read
from portdash.model.checkup import Resources
from portdash.model.ports import IpProtocol, PortRange

_PTRACE = 1 << 19
"""CAP_SYS_PTRACE, without which other users' processes keep their sockets to themselves."""


def read_resources(directory: Path, *, look_seconds: float | None = None, proc: str = PROC) -> Resources:
    """Return what the system tells; `directory`, or what is there of it, says which disk is meant."""
    ephemeral = read_limits().ephemeral
    return Resources(
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        cores=os.cpu_count() or 1,
        own_files=_own_files(),
        system_files=_system_files(proc),
        sockets=_sockets(proc),
        ephemeral=ephemeral,
        free_disk=free_disk(directory),
        bind_seconds=_bind_seconds(ephemeral),
        look_seconds=look_seconds,
    )


def free_disk(directory: Path) -> int | None:
    """Return the free bytes of the nearest directory that is there, None where that cannot be told."""
    for each in (directory, *directory.parents):
        try:
            return shutil.disk_usage(each).free
        except OSError:
            continue
    return None


def why_hidden(*, proc: str = PROC) -> str | None:
    """Return why owners of other users' sockets cannot be read here, None where that is not to be expected."""
    if not os.path.isdir(f"{proc}/self"):  # noqa: PTH112 (a text, as everywhere with /proc)
        return "the system shows other users' processes to an administrator alone"
    for line in _text(f"{proc}/self/mounts").splitlines():
        fields = line.split()
        if len(fields) > 3 and fields[1] == "/proc" and (found := re.search(r"hidepid=(\w+)", fields[3])):
            if found[1] not in ("0", "off"):
                return f"/proc is mounted with hidepid={found[1]}, which hides other users' processes"
            break
    caps = re.search(r"^CapEff:\s*([0-9a-fA-F]+)", _text(f"{proc}/self/status"), re.MULTILINE)
    if caps and int(caps[1], 16) & _PTRACE:
        return None
    return "they belong to other users, and we may not look into their processes"


def _own_files() -> tuple[int, int] | None:
    try:
        import resource  # noqa: PLC0415 (not on Windows)
    except ImportError:
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (soft, hard) if soft >= 0 else None  # below zero is no limit


def _system_files(proc: str) -> tuple[int, int] | None:
    fields = _text(f"{proc}/sys/fs/file-nr").split()
    return (int(fields[0]), int(fields[2])) if len(fields) == 3 and all(map(str.isdecimal, fields)) else None


def _sockets(proc: str) -> int | None:
    """Return how many TCP sockets there are, those in TIME_WAIT counted."""
    found = [
        int(number)
        for name in ("sockstat", "sockstat6")
        for line in _text(f"{proc}/net/{name}").splitlines()
        if line.startswith("TCP")
        for number in re.findall(r"\b(?:inuse|tw) (\d{1,12})\b", line)
    ]
    return sum(found) if found else None


def _bind_seconds(ephemeral: PortRange | None) -> float | None:
    """Return how long one question to the kernel takes; the port asked about is one that nobody is given."""
    port = (ephemeral.first if ephemeral else 32768) - 1
    began = time.perf_counter()
    try:
        bind_error(IpProtocol.TCP, port)
    except PortdashError:
        return None
    return time.perf_counter() - began


def _text(path: str) -> str:
    return (read(path, 256 * 1024) or b"").decode("utf-8", "replace")
