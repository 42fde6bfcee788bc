"""The few things that the environment of a process may tell us.

An environment holds passwords. It is read once, searched for the variables below, each of which must look as it should,
and let go of: no other value leaves this module, is kept, or is shown.
"""

import re
from collections.abc import Iterator
from types import MappingProxyType

from portdash.machine.procfs import PROC, entries, environment_of
from portdash.model.listener import NO_HINTS, Hints
from portdash.model.marks import SERVICE, WORKSPACE

_SCRIPT = rb"[A-Za-z][\w:.-]{0,63}"
_PACKAGE = rb"(?i:(?:@[a-z0-9~][\w.~-]{0,63}/)?[a-z0-9~][\w.~-]{0,99})"
_NAME = rb"[A-Za-z0-9][\w .~@-]{0,63}"
_PORT = rb"[0-9]{1,5}"
_PID = rb"[0-9]{1,6}"

_NO_SCRIPTS = (None, "npx")
"""What `npm exec` calls itself is no script of package.json."""

ALLOWED = MappingProxyType(
    {
        b"npm_lifecycle_event": _SCRIPT,
        b"npm_package_name": _PACKAGE,
        b"PORT": _PORT,
        b"name": _NAME,
        b"pm_id": _PID,
        SERVICE.encode(): _NAME,
        WORKSPACE.encode(): _NAME,
    }
)
"""The variables that are looked for, and what their values must look like as a whole."""


def read_hints(pid: int, *, proc: str = PROC) -> Hints:
    """Return what a process was told by its environment; nothing where that is hidden, erased or over-written."""
    data = environment_of(pid, proc=proc)
    return hints_from(data) if data else NO_HINTS


def hints_from(data: bytes) -> Hints:
    """Return what the bytes of /proc/PID/environ tell; of a variable that stands there twice, the first counts."""
    found: dict[bytes, str] = {}
    for name, value in _allowed(data):
        found.setdefault(name, value)
    script = found.get(b"npm_lifecycle_event")
    port = int(found.get(b"PORT", "0"))
    return Hints(
        script=script if script not in _NO_SCRIPTS else None,
        package=found.get(b"npm_package_name"),
        port=port if 0 < port < 65536 else None,
        pm2=found.get(b"name") if b"pm_id" in found else None,
        service=found.get(SERVICE.encode()),
        workspace=found.get(WORKSPACE.encode()),
    )


def _allowed(data: bytes) -> Iterator[tuple[bytes, str]]:
    for name, value in entries(data):
        pattern = ALLOWED.get(name)
        if pattern and re.fullmatch(pattern, value):
            yield name, value.decode("ascii", "replace")
