"""Real servers of a test's own: in a directory of their own, on a free port of loopback, ended by pid."""

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from own_ports import own_port

from portdash.health.endpoint import Endpoint
from portdash.machine.local import LocalMachine
from portdash.model.listener import Listener

PATIENCE = 120.0
"""Seconds that the slowest server has to listen, and to end, on the busiest machine."""


@dataclass
class Real:
    """A running one."""

    port: int
    log: Path
    listener: Listener
    process: subprocess.Popen[bytes]
    mark: int = 0
    """How long its log was when the test began."""

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("127.0.0.1", self.port)

    def seen_as(self, framework: str | None) -> Listener:
        """Return the listener with what its command line says it is."""
        return replace(self.listener, framework=framework)

    def seen_from_afar(self) -> Listener:
        """Return the listener as one sees it who may read nothing of its process."""
        return replace(self.listener, owner=None, pids=(), user=None, framework=None)

    def said(self) -> str:
        """Return what its log has gained since the test began."""
        return self.log.read_text(errors="replace")[self.mark :]

    def said_before(self, farewell: str) -> str:
        """End it in order, and return what it had said before it began to say so."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
        text = self.said()
        found = re.search(farewell, text)
        assert found, text
        return text[: found.start()].rpartition("\n")[0].strip()


@contextlib.contextmanager
def own_directory(user: str | None) -> Iterator[Path]:
    """Make a directory that `user`, whom a server runs as where we are root, can enter and write."""
    directory = Path(tempfile.mkdtemp(prefix="portdash-server-"))
    try:
        if os.geteuid() == 0 and user:
            os.chown(directory, pwd.getpwnam(user).pw_uid, -1)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def as_user(user: str | None) -> dict[str, str]:
    """Return how subprocess gives up being root, where we are root and the server minds."""
    return {"user": user} if user and os.geteuid() == 0 else {}


@contextlib.contextmanager
def running(
    command: Callable[[int], Sequence[str]],
    directory: Path,
    *,
    user: str | None = None,
    environ: Mapping[str, str] | None = None,
    log: str = "log",
    is_ready: Callable[[str], bool] = lambda _: True,
) -> Iterator[Real]:
    """Run `command(port)` until the end of the block, from when it listens and its log `is_ready`."""
    port = own_port()
    out = directory / "log"
    with out.open("wb") as file:
        process = subprocess.Popen(
            command(port),
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=directory,
            env={"PATH": os.environ["PATH"], "HOME": str(directory), **(environ or {})},
            start_new_session=True,
            **as_user(user),  # type: ignore[call-overload]
        )
    try:
        listener = _when_listening(process, port, directory / log, is_ready)
        real = Real(port, directory / log, listener, process)
        real.mark = len(real.said())
        yield real
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _when_listening(
    process: subprocess.Popen[bytes], port: int, log: Path, is_ready: Callable[[str], bool]
) -> Listener:
    """Return the listener as soon as there is one, without a packet: some servers count who connects."""
    machine = LocalMachine(log.parent)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        text = log.read_text(errors="replace") if log.exists() else ""
        assert process.poll() is None, text
        found = next((each for each in machine.listeners() if each.port == port), None)
        if found is not None and is_ready(text):
            return found
        time.sleep(0.02)
    raise AssertionError(f"nobody listens on {port}: {log.read_text(errors='replace')}")
