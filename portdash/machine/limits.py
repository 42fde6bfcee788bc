"""The operating system's rules about ports, read when asked for."""

import os
import re
import sys

from portdash.machine.procfs import PROC, read
from portdash.model.policy import PortLimits
from portdash.model.ports import LAST_PORT, PortRange

_CAP_NET_BIND_SERVICE = 1 << 10
_IANA_DYNAMIC = PortRange(49152, LAST_PORT)
"""What macOS and Windows use unless told otherwise."""
_AIRPLAY = frozenset((5000, 7000))


def read_limits(*, platform: str = sys.platform) -> PortLimits:
    """Return this system's rules; what cannot be read has the system's usual value."""
    if platform == "linux":
        return linux_limits()
    if platform == "darwin":
        names = ("net.inet.ip.portrange.first", "net.inet.ip.portrange.last")
        return macos_limits(_ask("sysctl", *names), privileged=_is_root())
    if platform == "win32":
        show = ("netsh", "int", "ipv4", "show")
        return windows_limits(_ask(*show, "excludedportrange", "tcp"), _ask(*show, "dynamicport", "tcp"))
    return PortLimits(ephemeral=_IANA_DYNAMIC, privileged=_is_root())


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def linux_limits(*, proc: str = PROC) -> PortLimits:
    """Return what /proc says. The range is that of IPv4, which IPv6 follows."""
    settings = f"{proc}/sys/net/ipv4"
    ends = _text(f"{settings}/ip_local_port_range").split()
    start = _text(f"{settings}/ip_unprivileged_port_start").strip()
    return PortLimits(
        ephemeral=_range(*ends) if len(ends) == 2 else PortRange(32768, 60999),
        reserved=parse_port_list(_text(f"{settings}/ip_local_reserved_ports", 1024 * 1024)),
        unprivileged_start=int(start) if start.isdigit() else 1024,
        privileged=can_bind_low(_text(f"{proc}/self/status")),
    )


def can_bind_low(status: str) -> bool:
    """Say whether /proc/PID/status grants CAP_NET_BIND_SERVICE, which root inside a container may lack."""
    found = re.search(r"^CapEff:\s*([0-9a-fA-F]+)", status, re.MULTILINE)
    return bool(found and int(found[1], 16) & _CAP_NET_BIND_SERVICE)


def parse_port_list(text: str) -> frozenset[int]:
    """Return the ports of `8080,9000-9010`; pieces that are none are left out."""
    ports: set[int] = set()
    for piece in text.strip().split(","):
        first, _, last = piece.partition("-")
        ports.update(_range(first, last or first) or ())
    return frozenset(ports)


def macos_limits(sysctl: str, *, privileged: bool) -> PortLimits:
    """Return the rules of macOS from lines such as `net.inet.ip.portrange.first: 49152`.

    Ports 5000 and 7000 count as reserved: AirPlay answers there, and comes back when ended.
    """
    found = dict(re.findall(r"portrange\.(first|last)\s*[:=]\s*(\d+)", sysctl))
    ephemeral = _range(found.get("first", ""), found.get("last", "")) or _IANA_DYNAMIC
    return PortLimits(ephemeral=ephemeral, reserved=_AIRPLAY, privileged=privileged)


def windows_limits(excluded: str, dynamic: str) -> PortLimits:
    """Return the rules of Windows from two tables of netsh, whose words are translated and whose numbers are not.

    Hyper-V sets ranges aside where nobody listens. A trailing `*` marks one an administrator made.
    """
    reserved: set[int] = set()
    for first, last in re.findall(r"^\s*(\d+)\s+(\d+)\s*\*?\s*$", excluded, re.MULTILINE):
        reserved.update(_range(first, last) or ())
    numbers = re.findall(r":\s*(\d+)\s*$", dynamic, re.MULTILINE)
    ephemeral = None
    if len(numbers) == 2:
        ephemeral = _range(numbers[0], str(int(numbers[0]) + int(numbers[1]) - 1))
    return PortLimits(
        ephemeral=ephemeral or _IANA_DYNAMIC, reserved=frozenset(reserved), unprivileged_start=1, privileged=True
    )


def _range(first: str, last: str) -> PortRange | None:
    """Return a range from two texts, None where they are not two ports in order."""
    if not (first.strip().isdecimal() and last.strip().isdecimal()):
        return None
    low, high = int(first), int(last)
    return PortRange(low, high) if 1 <= low <= high <= LAST_PORT else None


def _text(path: str, limit: int = 16 * 1024) -> str:
    return (read(path, limit) or b"").decode("ascii", "replace")


def _ask(*command: str) -> str:
    """Return what a tool of the system prints, nothing when it cannot be run."""
    import logging  # noqa: PLC0415 (not on Linux)
    import subprocess  # noqa: PLC0415 (not on Linux)

    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        logging.getLogger(__name__).debug("%s: %s", command[0], error)
        return ""
    return done.stdout
