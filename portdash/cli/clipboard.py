"""Copying from a command: through the programs that the dashboard uses too, and through the terminal there is."""

import os
from base64 import b64encode
from contextlib import suppress

from portdash.errors import PortdashError
from portdash.machine.clipboard import copy_with_programs, described, encodable


def copy(text: str) -> str:
    """Copy `text` and return what was done: `copied with xclip`. Raises PortdashError when there is no way."""
    text = encodable(text)
    sent = _send_to_terminal(text)
    programs = copy_with_programs(text, os.environ)
    if not sent and not programs:
        raise PortdashError("there is no clipboard here", hint="write it to a file with -o")
    return described(programs)


def _send_to_terminal(text: str) -> bool:
    """Send OSC 52 to the controlling terminal, whatever stdout is; say whether there is one."""
    with suppress(OSError):
        terminal = os.open("/dev/tty", os.O_WRONLY | os.O_NOCTTY)
        try:
            os.write(terminal, b"\x1b]52;c;" + b64encode(text.encode()) + b"\x07")
        finally:
            os.close(terminal)
        return True
    return False
