"""What is worth knowing about the machine: how much of it is in use, and what it can do for us."""

from collections.abc import Iterator

from portdash.model.checkup import Check, Level, Resources

SYSTEM = "system"
_GIB = 1024**3
LEAST_DISK = 256 * 1024**2
"""Free bytes below which a store may soon be unable to write."""
NO_DISK = 4 * 1024**2
"""Free bytes below which it cannot be relied on to."""
MANY_FILES = 256
"""Open files that a process may have, below which servers run into the limit."""
SLOW_LOOK = 1.0
"""Seconds for one look at everything after which commands feel slow."""
SLOW_BIND = 0.01
"""Seconds for one question to the kernel after which something is in the way of it."""
_FULL = 0.8
"""Part of a limit from which on it is nearly reached."""
_BUSY = 4
"""Processes a core that want to run, from which on everything is slow."""


def system_checks(resources: Resources) -> Iterator[Check]:
    """Yield a check for each resource that the system tells of."""
    yield from _speed(resources)
    yield from _load(resources)
    yield from _files(resources)
    yield from _connections(resources)
    yield from _disk(resources)


def _speed(found: Resources) -> Iterator[Check]:
    if found.look_seconds is not None:
        text = f"looking at everything takes {_milliseconds(found.look_seconds)}"
        slow = found.look_seconds > SLOW_LOOK
        yield _check(slow, text, "narrow the ranges, end what listens for nothing, and see the load below")
    if found.bind_seconds is not None:
        text = f"asking whether one port is free takes {_milliseconds(found.bind_seconds)}"
        slow = found.bind_seconds > SLOW_BIND
        yield _check(slow, text, "a security module or a very busy machine may be in the way")


def _load(found: Resources) -> Iterator[Check]:
    if found.load is not None:
        text = f"load {found.load:.2f} on {found.cores} {'core' if found.cores == 1 else 'cores'}"
        yield _check(found.load > _BUSY * found.cores, text, "servers start slowly now: allow for it in timeouts")


def _files(found: Resources) -> Iterator[Check]:
    if found.own_files is not None:
        soft, hard = found.own_files
        text = f"a process may have {soft} files open"
        hint = f"`ulimit -n {hard}` raises it" if hard > soft else "an administrator can raise it"
        yield _check(soft < MANY_FILES, text, hint)
    if found.system_files is not None:
        used, most = found.system_files
        text = f"{used} files are open on the system" + (f", of {most}" if most < 10**9 else "")
        yield _check(used > _FULL * most, text, "`sysctl fs.file-max` raises the limit")


def _connections(found: Resources) -> Iterator[Check]:
    if found.sockets is not None and found.ephemeral is not None:
        size = len(found.ephemeral)
        text = f"outgoing connections use at most {found.sockets} of {size} ports ({found.ephemeral})"
        hint = "too many connections linger: keep them alive, or widen `net.ipv4.ip_local_port_range`"
        yield _check(found.sockets > _FULL * size, text, hint)


def _disk(found: Resources) -> Iterator[Check]:
    if found.free_disk is not None:
        text = f"{size_text(found.free_disk)} free on the disk of the state directory"
        level = Level.FAIL if found.free_disk < NO_DISK else Level.WARN if found.free_disk < LEAST_DISK else Level.OK
        hint = None if level is Level.OK else "make room: without it no port can be given out"
        yield Check(section=SYSTEM, level=level, text=text, hint=hint)


def size_text(count: int) -> str:
    """Return `1.5 GiB`, `12 MiB` or `3 KiB`."""
    if count >= _GIB:
        return f"{count / _GIB:.1f} GiB"
    return f"{count // 1024**2} MiB" if count >= 1024**2 else f"{count // 1024} KiB"


def _check(wrong: bool, text: str, hint: str) -> Check:
    return Check(section=SYSTEM, level=Level.WARN if wrong else Level.OK, text=text, hint=hint if wrong else None)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.2f} ms"
