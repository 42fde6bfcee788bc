"""A real docker engine of a test's own: its own data and socket, an image made of busybox, and nothing left behind.

It shares the machine's network, so there is one at a time, and none where another one runs already.
"""

import contextlib
import fcntl
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import httpx

IMAGE = "localhost/portdash-busy:1"
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_LOCK = Path(tempfile.gettempdir()) / "portdash-test-docker.lock"
_PROGRAMS = ("dockerd", "iptables-save", "iptables-restore", "ip", "busybox")


def missing() -> str:
    """Return why no engine can be started here, nothing where one can."""
    lacking = [each for each in _PROGRAMS if shutil.which(each) is None]
    if lacking:
        return f"{lacking[0]} is not installed"
    if os.geteuid() != 0:
        return "only root can start a docker engine"
    if any(Path(each).exists() for each in ("/var/run/docker.sock", "/var/run/docker.pid")):
        return "another docker engine runs here, and two would share one network"
    return ""


class DockerEngine:
    """An engine between `start` and `stop`; a context manager."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="portdash-docker-"))
        self.socket = self.directory / "docker.sock"
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.callback(self._remove)
            lock = stack.enter_context(_LOCK.open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
            stack.enter_context(_network_put_back())
            stack.enter_context(self._running())
            self._client = stack.enter_context(self._connection())
            self._make_image()
            stack.callback(self._remove_containers)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def create(
        self,
        name: str,
        *command: str,
        ports: Mapping[str, tuple[str, int]] | None = None,
        labels: Mapping[str, str] | None = None,
        network: str = "default",
        health: str | None = None,
        restart: str = "no",
    ) -> str:
        """Make a container that does not run yet, and return its id; `ports` are address and port by `80/tcp`."""
        bindings = {
            inside: [{"HostIp": address, "HostPort": str(port)}] for inside, (address, port) in (ports or {}).items()
        }
        wanted: dict[str, object] = {
            "Image": IMAGE,
            "Cmd": list(command) or ["/bin/httpd", "-f", "-p", "80", "-h", "/www"],
            "Labels": dict(labels or {}),
            "ExposedPorts": {inside: {} for inside in bindings},
            "HostConfig": {
                "PortBindings": bindings,
                "NetworkMode": network,
                "RestartPolicy": {"Name": restart},
            },
        }
        if health:
            wanted["Healthcheck"] = {"Test": ["CMD-SHELL", health], "Interval": 200_000_000, "Timeout": 10**9}
        return str(self.ask("POST", f"/containers/create?name={name}", wanted)["Id"])

    def run(self, name: str, *command: str, **wishes: object) -> str:
        """Make a container, start it and return its id; wishes as for `create`."""
        made = self.create(name, *command, **wishes)  # type: ignore[arg-type]
        self.ask("POST", f"/containers/{made}/start")
        return made

    def ask(self, method: str, path: str, body: object = None) -> dict[str, object]:
        """Ask the engine, which must not refuse."""
        answer = self._client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return dict(json.loads(answer.text)) if answer.text.startswith("{") else {}

    def _remove(self) -> None:
        """Remove its directory; a container that shared the machine's network has left a mount of that."""
        for each in self.directory.glob("exec/netns/*"):
            subprocess.run(["umount", str(each)], capture_output=True, check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _remove_containers(self) -> None:
        for each in self._client.get("/containers/json?all=1").json():
            self._client.delete(f"/containers/{each['Id']}?force=1")

    def _connection(self) -> "httpx.Client":
        import httpx  # noqa: PLC0415  (every test run loads this file, few start an engine)

        transport = httpx.HTTPTransport(uds=str(self.socket))
        return httpx.Client(transport=transport, base_url="http://docker", timeout=30)

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        log = (self.directory / "log").open("w")
        options = {"data-root": "data", "exec-root": "exec", "pidfile": "pid"}
        command = ["dockerd", "-H", f"unix://{self.socket}"]
        for option, name in options.items():
            command += [f"--{option}", str(self.directory / name)]
        engine = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            self._wait_until_it_answers(engine)
            yield
        finally:
            engine.send_signal(signal.SIGTERM)
            try:
                engine.wait(30)
            except subprocess.TimeoutExpired:
                engine.kill()
                engine.wait()
            log.close()

    def _wait_until_it_answers(self, engine: "subprocess.Popen[bytes]") -> None:
        until = time.monotonic() + 60
        import httpx  # noqa: PLC0415  (see _connection)

        with self._connection() as client:
            while time.monotonic() < until:
                assert engine.poll() is None, (self.directory / "log").read_text()
                if _accepts(str(self.socket)):  # httpx leaves a socket open that is refused
                    with contextlib.suppress(httpx.HTTPError):
                        if client.get("/_ping").is_success:
                            return
                time.sleep(0.05)
        raise AssertionError((self.directory / "log").read_text())

    def _make_image(self) -> None:
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as tar:
            busybox = Path(os.path.realpath(shutil.which("busybox") or "")).read_bytes()
            for name, content in (("bin/busybox", busybox), ("www/index.html", b"hello from a container\n")):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o755
                tar.addfile(entry, io.BytesIO(content))
            for name in ("sh", "httpd", "nc", "wget", "true", "false", "sleep", "test"):
                entry = tarfile.TarInfo(f"bin/{name}")
                entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(entry)
        answer = self._client.post(f"/images/create?fromSrc=-&repo={IMAGE}", content=data.getvalue())
        assert answer.is_success, answer.text


@contextlib.contextmanager
def _network_put_back() -> Iterator[None]:
    """Undo what an engine does to the machine's network: its bridge, its rules, and the forwarding of packets."""
    saved = subprocess.run(["iptables-save"], capture_output=True, check=True).stdout
    forwarding = _FORWARDING.read_text()
    try:
        yield
    finally:
        subprocess.run(["ip", "link", "delete", "docker0"], capture_output=True, check=False)
        for table in ("filter", "nat"):
            if f"*{table}\n".encode() not in saved:  # nobody had used it, so that all in it is the engine's
                for act in (["-F"], ["-X"], *([["-P", "FORWARD", "ACCEPT"]] if table == "filter" else ())):
                    subprocess.run(["iptables", "-t", table, *act], capture_output=True, check=False)
        subprocess.run(["iptables-restore"], input=saved, capture_output=True, check=False)
        with contextlib.suppress(OSError):
            _FORWARDING.write_text(forwarding)


def _accepts(path: str) -> bool:
    """Say whether somebody accepts connections on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0
