"""Whether a path lies on a network file system, where locks depend on how it is mounted."""

import re
from pathlib import Path

from portdash.errors import StoreUnavailable
from portdash.text import clean

MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre", "gpfs", "beegfs"),
        *("orangefs", "pvfs2", "ocfs2", "gfs2", "coda", "davfs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph"),
        *("fuse.ceph-fuse", "fuse.rclone", "fuse.davfs", "fuse.davfs2", "fuse.s3fs", "fuse.gcsfuse", "fuse.smbnetfs"),
        *("fuse.afpfs", "fuse.moosefs", "fuse.juicefs"),
    )
)
"""Not 9p and virtiofs: containers and WSL keep local disks behind them."""


def refuse_network(path: str, mounts: Path = MOUNTS) -> None:
    """Raise StoreUnavailable when `path`, absolute and without links, is on a network file system (told on Linux)."""
    try:
        table = mounts.read_text("utf-8", "surrogateescape")
    except OSError:
        return  # no such table here: macOS and Windows tell in other ways, and SQLite itself still locks
    kind = type_of(path, table)
    if kind in _NETWORK:
        raise StoreUnavailable(
            f"the store {clean(path)} is on a network file system ({clean(kind)}), where locks cannot be relied on",
            hint="set PORTDASH_STORE to sqlite:/// and a file on a local disk",
        )


def type_of(path: str, table: str) -> str:
    """Return the type of the file system that `path` is on, by the text of a mountinfo table; empty when unknown."""
    best, kind = -1, ""
    for line in table.splitlines():
        mount, dash, rest = line.partition(" - ")
        fields = mount.split(" ")
        if not dash or len(fields) < 5:
            continue
        point = _unescaped(fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:  # of several mounts on one point, the last one counts
            best, kind = len(point), rest.partition(" ")[0]
    return kind


def _unescaped(point: str) -> str:
    """Return a path of that table as it is: spaces and the like stand in it as octal escapes."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), point) if "\\" in point else point
