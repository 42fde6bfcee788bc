"""Real servers in real processes, for the tests of the machine."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from machine_children import Child, Serve
from own_ports import own_port

SERVER = Path(__file__).with_name("machine_server.py")
PYTHON = sys.executable


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start server.py with these arguments and wait for its first line; all are killed afterwards."""
    with contextlib.ExitStack() as stack:

        def start(
            *arguments: str,
            argv0: bytes | None = None,
            more: tuple[bytes, ...] = (),
            env: Mapping[str, str] = os.environ,
            **options: object,
        ) -> Child:
            command = [argv0 or os.fsencode(PYTHON), os.fsencode(SERVER), *map(os.fsencode, arguments), *more]
            process = subprocess.Popen(
                command,
                executable=PYTHON,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
                env={**env, "MACHINE_SERVER_AT": str(own_port())},
                **options,  # type: ignore[call-overload]
            )
            stack.callback(_end, process)
            line = process.stdout.readline().split()
            port, *pids = (int(word) for word in line)
            return Child(process, port, tuple(pids))

        yield start


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a child and what it forked, and close its pipes. One that has been collected has no session any more."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()


@pytest.fixture
def free_port() -> int:
    """A port below the range for outgoing connections that nobody had a moment ago, on any address."""
    return own_port()
