"""A `run` in the background, and the command that comes back once it listens."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from types import FrameType

from portdash.cli.output import say
from portdash.errors import ExitCode
from portdash.supervisor.announcing import read_announced, read_ended, waited_for
from portdash.supervisor.background import PROGRAM
from portdash.supervisor.orders import GRACE
from portdash.text import clean

_CHUNK = 65536


class _AskedToEnd(KeyboardInterrupt):
    """SIGTERM came, which means the same as ctrl-c; a script's background job hears nothing of that one."""


def detached() -> int:
    """Start the same command in the background, and come back when the service listens or the start has failed.

    What is said until then is passed on. One that does not listen for a long time runs on, and that is no success. An
    interruption or SIGTERM before that ends it.
    """
    process: subprocess.Popen[bytes] | None = None
    was_asked = False

    def hear(_number: int, _frame: FrameType | None) -> None:
        nonlocal was_asked
        was_asked = True
        if process is not None:  # else nobody would know whom to end
            raise _AskedToEnd

    before = signal.signal(signal.SIGTERM, hear)
    try:
        process, reader = _start()
        with suppress(_AskedToEnd):
            if not was_asked:
                return _until_it_listens(process, reader)
        _end(process)
        return 128 + signal.SIGTERM
    except KeyboardInterrupt:
        if process is not None:
            _end(process)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _start() -> "tuple[subprocess.Popen[bytes], int]":
    """Return the one in the background, and the descriptor on which it says how its start went."""
    reader, writer = os.pipe()
    try:
        process = subprocess.Popen(
            [*PROGRAM, *sys.argv[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=waited_for(os.environ, writer, stays=False),
            pass_fds=(writer,),
            start_new_session=True,
        )
    finally:
        os.close(writer)
    return process, reader


def _until_it_listens(process: "subprocess.Popen[bytes]", reader: int) -> int:
    assert process.stderr is not None
    with os.fdopen(reader, "rb") as announcements:
        while data := os.read(process.stderr.fileno(), _CHUNK):  # ends when it has, or has said all there is to hear
            sys.stderr.buffer.write(data)
            sys.stderr.flush()
        line = announcements.readline()
    announced = read_announced(line)
    if announced is None:
        code = process.wait()
        status = 128 - code if code < 0 else code
        if name := read_ended(line):
            say(f"portdash: {clean(name)} ended with status {status} before it listened")
        return status
    say(f"portdash: in the background: pid {process.pid}")
    sys.stdout.write(f"{announced.port}\n")
    return ExitCode.YES if announced.listens else ExitCode.NO


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End it and its child; what does not listen to the first word gets an order."""
    process.terminate()
    try:
        process.wait(GRACE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.send_signal(getattr(signal, "SIGINT", signal.SIGTERM))  # the second that asks for the end is an order
        process.wait()
