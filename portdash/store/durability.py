"""Making the names in a directory survive a power loss."""

import errno
import os


def sync_directory(directory: str) -> None:
    """Sync a directory where the system can do that. Raises OSError."""
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that knows no such thing
            raise
    finally:
        os.close(descriptor)
