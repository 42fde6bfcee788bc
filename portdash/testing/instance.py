"""A real server for tests: a process of its own that can be stopped, hung, slowed and made to fail."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from portdash.discovery.instance import Instance
from portdash.errors import UsageError
from portdash.model.health import Health, HealthState

_SCRIPT = Path(__file__).with_name("server.py")


class TestInstance:
    """One server of a service, on a port of its own; started when made, some 30 ms.

        with TestInstance() as one: httpx.get(one.url).json()["port"] == one.port

    `port` is the one to listen on, a free one unless said. It answers every request with 200 and a JSON object: `port`,
    `pid`, `method`, `path`, `host` and `count`, the number of the request. `one_at_a_time` makes it a server that is
    busy with one connection until it is closed. Raises OSError where the port cannot be had. Who tells or asks a server
    that is stopped, or that hangs, gets a UsageError.
    """

    __test__ = False  # pytest: this is no test

    def __init__(self, service: str = "api", *, port: int = 0, one_at_a_time: bool = False) -> None:
        self.service = service
        self.port = port
        self._options = ("one",) if one_at_a_time else ()
        self._launch()

    def start(self) -> None:
        """Start it, again on the same port if it was there before; one that runs is left as it is."""
        if not self.is_running:
            self._launch()

    def _launch(self) -> None:
        # -I -S: neither the environment nor what is installed slows it down.
        command = [sys.executable, "-I", "-S", str(_SCRIPT), str(self.port), *self._options]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._end = weakref.finalize(self, _end, self._process)
        assert self._process.stdout
        said = self._process.stdout.readline()
        if not said:
            self._end()
            raise OSError(f"the server could not listen on port {self.port}")
        self.port = int(said)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://localhost:{self.port}"

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    @property
    def instance(self) -> Instance:
        """Itself as discovery would find it."""
        health = Health(state=HealthState.HEALTHY)
        return Instance(service=self.service, url=self.url, health=health, port=self.port, pid=self.pid)

    @property
    def is_running(self) -> bool:
        """Whether its process is there, be it hung."""
        return self._process.poll() is None

    @property
    def requests(self) -> int:
        """How many requests it has read."""
        return int(self._ask("count"))

    def slow(self, seconds: float) -> None:
        """Let it answer that much later from now on; it goes on reading meanwhile. Raises UsageError."""
        if not (math.isfinite(seconds) and seconds >= 0):
            raise UsageError(f"no server can answer {seconds} s later", hint="say seconds, from 0 on")
        self._ask(f"slow {seconds}")

    def fail(self, status: int = 503) -> None:
        """Let it answer with that status from now on. Raises UsageError for what is no status of HTTP."""
        if status not in range(100, 1000):
            raise UsageError(f"{status!r} is no status of HTTP", hint="say 503, or another number of three digits")
        self._ask(f"fail {status}")

    def well(self) -> None:
        """Let it answer at once and with 200 again, and count from 0; if it hangs, it goes on first."""
        self.resume()  # a stopped process would never read the line, and we would wait for its answer for ever
        self._ask("well")

    def hang(self) -> None:
        """Stop its process where it is, as SIGSTOP does: it keeps its port, and the kernel takes connections for it."""
        psutil.Process(self.pid).suspend()
        if hasattr(os, "waitid"):  # a signal comes when the process is next on a processor
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Let it go on after `hang`."""
        psutil.Process(self.pid).resume()

    def stop(self) -> None:
        """End it at once, as a crash does: connections break off. `start` brings it back."""
        self._end()

    close = stop
    """For `contextlib.closing`; its port is free afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, line: str) -> str:
        if not self.is_running:
            raise UsageError(f"the server on port {self.port} is stopped", hint="`start` brings it back")
        if psutil.Process(self.pid).status() == psutil.STATUS_STOPPED:  # it would never read the line
            raise UsageError(f"the server on port {self.port} hangs", hint="`resume` lets it go on")
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # what was not written yet
                pipe.close()
