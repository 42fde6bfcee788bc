"""Who this machine is, which boot this is, and what tells a process from a later one with its pid.

`portdash get` pays for this module, so nothing heavy is imported at the top.
"""

import contextlib
import os
import re
from pathlib import Path

from portdash.errors import StoreUnavailable
from portdash.machine.files import read_small
from portdash.machine.users import current_user

__all__ = ["boot_id", "current_user", "host_id", "read_host_id", "start_ticks"]

_HOST_ID = rb"[0-9a-f]{32}"
_MACHINE_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")
_BOOT_ID = "/proc/sys/kernel/random/boot_id"


def host_id(state_dir: Path, *, make: bool = True) -> str:
    """Return the id of this machine: 32 random hex digits in `state_dir`/host-id, made on first use.

    Where the directory cannot be written, or with `make=False` must not be, an id derived from the system's own, which
    is the same in every run.
    Raises StoreUnavailable when the file is there and is not an id: it is never replaced, for every assignment
    recorded under it would be lost from sight.
    """
    return read_host_id(state_dir) or (_create(state_dir) if make else None) or _derived()


def read_host_id(state_dir: Path) -> str | None:
    """Return the id kept in `state_dir`, None when there is none yet. Raises StoreUnavailable as `host_id` does."""
    path = state_dir / "host-id"
    hint = "make it readable, or restore a copy; moved away, a new one is made and knows no assignment"
    try:
        text = _first_bytes(path).strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreUnavailable(
            f"the id of this machine, {path}, cannot be read: {error.strerror}", hint=hint
        ) from error
    if not re.fullmatch(_HOST_ID, text):
        raise StoreUnavailable(f"{path} is not the id of a machine", hint=hint)
    return text.decode("ascii")


def _first_bytes(path: Path) -> bytes:
    """Return the beginning of a file; a pipe that nobody writes into has none, and is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        return os.read(descriptor, 64)
    finally:
        os.close(descriptor)


def _create(state_dir: Path) -> str | None:
    """Write a new id whole or not at all, and return the one in force: a rival may have been first."""
    path, temporary = state_dir / "host-id", state_dir / f".host-id-{os.urandom(8).hex()}"
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write(temporary)
            _publish(temporary, path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()
    except OSError:
        return None
    return read_host_id(state_dir)


def _write(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, os.urandom(16).hex().encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _publish(temporary: Path, path: Path) -> None:
    """Give the new id its name, unless another has that name by now. A link, for a rename would replace the other."""
    with contextlib.suppress(FileExistsError):
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            _write(path)


def _derived() -> str:
    import hashlib  # noqa: PLC0415 (4 ms that `get` need not pay)

    for path in _MACHINE_IDS:
        if text := (read_small(path, limit=256) or b"").strip():
            break
    else:
        import platform  # noqa: PLC0415 (rare, and slow to load)

        text = platform.node().encode("utf-8", "surrogateescape")
    return hashlib.sha256(b"portdash:" + text).hexdigest()[:32]


def boot_id() -> str:
    """Return what changes with every boot."""
    if text := (read_small(_BOOT_ID, limit=256) or b"").strip():
        return text.decode("ascii", "replace")
    import psutil  # noqa: PLC0415 (only where there is no /proc)

    return f"boot-{int(psutil.boot_time())}"


def start_ticks(pid: int) -> int | None:
    """Return when a process started, in kernel ticks since boot; None when it is gone or the system does not tell."""
    from portdash.machine.procfs import read_stat  # noqa: PLC0415 (`get` asks for no process)

    stat = read_stat(pid)
    return stat.ticks if stat else None
