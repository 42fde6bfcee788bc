"""Noticing, while there is nothing to write, that whoever reads our output has gone."""

import select
import sys
import time
from typing import TextIO

_GONE = 0 if sys.platform == "win32" else select.POLLERR | select.POLLHUP


def pause(seconds: float, stream: TextIO) -> None:
    """Wait so long. Raises BrokenPipeError as soon as nobody can read any more what is written to `stream`.

    A file has readers for ever. On Windows a reader that is gone is noticed by the next write.
    """
    if sys.platform == "win32":
        time.sleep(seconds)
        return
    poll = select.poll()
    poll.register(stream, 0)  # whether it takes more is not asked for; errors are told in any case
    if any(events & _GONE for _, events in poll.poll(seconds * 1000)):
        raise BrokenPipeError
