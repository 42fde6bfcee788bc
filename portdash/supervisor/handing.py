"""Handing a listening socket to a child as systemd does: as descriptor 3, with LISTEN_FDS and LISTEN_PID set."""

import sys
from collections.abc import Sequence

from portdash.errors import UsageError

_STEP = (
    "import os, sys; fd = int(sys.argv[1]); os.dup2(fd, 3); fd == 3 or os.close(fd); "
    "os.environ['LISTEN_FDS'], os.environ['LISTEN_PID'] = '1', str(os.getpid()); "
    "os.execv(sys.argv[2], sys.argv[2:])"
)
"""What knows its own pid, puts the socket where it belongs, and then becomes the program under that very pid."""


def check_can_hand(what: str, *, platform: str = sys.platform) -> None:
    """Raise UsageError where a process inherits no descriptor of ours, which `what` is made of: a socket, or a pipe."""
    if platform == "win32":
        raise UsageError(
            f"{what} cannot be done on Windows, where a process inherits no descriptor",
            hint="`portdash run NAME -- COMMAND` runs a service in a terminal of its own",
        )


def handed(command: Sequence[str], descriptor: int) -> tuple[str, ...]:
    """Return the command that finds the socket at the place where it looks; its program is a path."""
    return (sys.executable, "-I", "-S", "-c", _STEP, str(descriptor), *command)
