"""Handing a listening socket to a child as systemd does: as descriptor 3, with LISTEN_FDS and LISTEN_PID set."""

import contextlib
import os
from collections.abc import Iterator, Sequence

from portdash.errors import PortdashError
from portdash.machine.holds import listening

FIRST = 3
"""The descriptor at which the child looks."""
_SHELL = 'fd=$0; export LISTEN_PID=$$; eval "exec 3<&$fd"; [ "$fd" = 3 ] || eval "exec $fd<&-"; exec "$@"'
"""A shell knows its own pid, which stays the same when it becomes the program."""


@contextlib.contextmanager
def socket_for(port: int) -> Iterator[int]:
    """Yield the descriptor of a socket that listens on the port. Raises OSError when it is taken.

    It is below 10, the highest that every shell can duplicate.
    """
    with listening(port) as made:
        descriptor = _low()
        os.dup2(made.fileno(), descriptor)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def handed(command: Sequence[str], descriptor: int) -> tuple[str, ...]:
    """Return the command that finds the socket at the place where it looks."""
    return ("/bin/sh", "-c", _SHELL, str(descriptor), *command)


def _low() -> int:
    for number in range(FIRST, 10):
        try:
            os.fstat(number)
        except OSError:
            return number
    raise PortdashError("no descriptor below 10 is left to hand on", hint="start portdash with fewer open files")
