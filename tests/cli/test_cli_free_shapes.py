"""`portdash free` on every shape in which servers run: the port is freed, or it is said why not; nobody else ends."""

import contextlib
import json
import os
import pty
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from cli_harness import FreePort, Portdash
from own_ports import own_port

pytestmark = pytest.mark.needs_linux

SERVER = Path(__file__).parent.parent / "machine" / "machine_server.py"
WAIT = 60.0
"""Far more than anything here takes."""


@dataclass(frozen=True)
class Running:
    """A server in some shape."""

    process: "subprocess.Popen[bytes]"
    """What was started; it need not be the server."""
    port: int
    server: int
    """Pid of who listens."""
    others: tuple[int, ...] = ()


Launch = Callable[..., Running]


def server(*options: str) -> str:
    """Return the command line of a server, for a shell."""
    return shlex.join([sys.executable, str(SERVER), *options])


@pytest.fixture
def launch(home: Path) -> Iterator[Launch]:
    """Start a command in a session of its own, and wait until it says which port it has."""
    with ExitStack() as stack:

        def start(*argv: str, **environ: str) -> Running:
            process = subprocess.Popen(
                argv,
                cwd=home,
                env={**os.environ, "MACHINE_SERVER_AT": str(own_port()), **environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            stack.callback(_end, process)
            words: list[int] = []
            while not words:
                line = process.stdout.readline()
                assert line, "it ended before it listened"
                words = [int(word) for word in line.split() if word.isdigit()]
            return Running(process, words[0], words[1], tuple(words[2:]))

        yield start


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End what is left of it: by the end of its input, and by force what is still below it."""
    below: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        below = psutil.Process(process.pid).children(recursive=True)
    process.kill()  # before the others: it might start them again
    process.wait()
    for each in below:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    process.stdin.close()
    process.stdout.close()


@pytest.fixture
def bystander(launch: Launch) -> Iterator[Running]:
    """A server of the same program, the same user and the same directory, on another port."""
    running = launch(sys.executable, str(SERVER))
    yield running
    assert is_alive(running.server), "a process that had nothing to do with it was ended"


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone(*pids: int) -> bool:
    """Wait until all of these have ended."""
    until = time.monotonic() + WAIT
    while any(is_alive(pid) for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=WAIT):
        return True
    return False


def comes_to_answer(port: int) -> bool:
    """Wait for a server that says that it starts before it listens."""
    until = time.monotonic() + WAIT
    while not answers(port):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def below(running: Running) -> set[int]:
    return {running.process.pid, *(each.pid for each in psutil.Process(running.process.pid).children(recursive=True))}


@pytest.mark.usefixtures("bystander")
class TestFreed:
    """The port is free afterwards, and all that were shown have ended."""

    def free(self, portdash: Portdash, running: Running, *options: str) -> set[int]:
        result = portdash("free", str(running.port), "--yes", "--json", *options)
        assert result.code == 0, result.err
        document = result.document
        assert document["free"]
        assert document["applied"]
        assert not answers(running.port)
        ended = {each["pid"] for each in document["ends"]}
        assert gone(*ended)
        assert portdash("check", str(running.port)).code == 0
        return ended

    def test_a_plain_server(self, portdash: Portdash, launch: Launch):
        running = launch(sys.executable, str(SERVER))
        assert self.free(portdash, running) == {running.server}

    def test_a_shell_that_runs_a_server(self, portdash: Portdash, launch: Launch):
        running = launch("sh", "-c", f"{server()}; true")
        assert self.free(portdash, running) == {running.process.pid, running.server}

    @pytest.mark.needs_program("npm")
    def test_npm(self, portdash: Portdash, launch: Launch, home: Path):
        scripts = {"dev": f"{server()}; true"}
        (home / "package.json").write_text(json.dumps({"name": "x", "scripts": scripts}))
        running = launch("npm", "run", "--silent", "dev", npm_config_update_notifier="false")
        family = below(running)
        assert len(family) >= 3
        assert self.free(portdash, running) == family

    def test_a_shell_that_starts_it_again_and_again(self, portdash: Portdash, launch: Launch, free_port: FreePort):
        port = free_port()
        running = launch("sh", "-c", f"while true; do {server('--port', str(port))}; done")
        assert self.free(portdash, running) == {running.process.pid, running.server}

    def test_a_reloader_of_the_same_group(self, portdash: Portdash, launch: Launch):
        running = launch(sys.executable, str(SERVER), "--respawn")
        assert self.free(portdash, running) == {running.process.pid, running.server}

    def test_a_reloader_whose_server_has_its_own_session(self, portdash: Portdash, launch: Launch, home: Path):
        reloader = home / "nodemon.js"
        reloader.symlink_to(SERVER)
        running = launch(sys.executable, str(reloader), "--respawn", "--apart")
        assert self.free(portdash, running) == {running.process.pid, running.server}

    def test_a_shell_whose_server_has_its_own_session(self, portdash: Portdash, launch: Launch):
        running = launch("sh", "-c", f"setsid -w {server()}; true")
        ended = self.free(portdash, running)
        assert running.server in ended
        assert gone(running.process.pid), "a shell that waited for its server has nothing left to do"

    @pytest.mark.parametrize("workers", [1, 4])
    def test_workers_that_share_the_socket(self, portdash: Portdash, launch: Launch, workers: int):
        running = launch(sys.executable, str(SERVER), "--fork", str(workers))
        assert self.free(portdash, running) == {running.server, *running.others}

    def test_two_that_listen_side_by_side(self, portdash: Portdash, launch: Launch):
        first = launch(sys.executable, str(SERVER), "--reuse-port")
        second = launch(sys.executable, str(SERVER), "--reuse-port", "--port", str(first.port))
        assert self.free(portdash, first) == {first.server, second.server}

    def test_a_daemon_that_nobody_minds(self, portdash: Portdash, launch: Launch):
        running = launch(sys.executable, str(SERVER), "--daemon")
        assert running.server != running.process.pid
        running.process.stdin.close()
        running.process.wait()
        assert self.free(portdash, running) == {running.server}

    def test_one_that_takes_its_time(self, portdash: Portdash, launch: Launch):
        running = launch(sys.executable, str(SERVER), "--slow", "1")
        assert self.free(portdash, running) == {running.server}

    def test_one_that_does_not_listen_to_term_is_killed_with_force(self, portdash: Portdash, launch: Launch):
        running = launch(sys.executable, str(SERVER), "--ignore-term")
        assert self.free(portdash, running, "--force") == {running.server}

    def test_one_that_was_suspended(self, portdash: Portdash, launch: Launch):
        running = launch(sys.executable, str(SERVER))
        os.kill(running.server, signal.SIGSTOP)
        assert self.free(portdash, running) == {running.server}

    def test_udp(self, portdash: Portdash, launch: Launch):
        running = launch(sys.executable, str(SERVER), "--udp")
        result = portdash("free", f"{running.port}/udp", "--yes")
        assert result.code == 0, result.err
        assert gone(running.server)

    def test_its_clients_live_on(self, portdash: Portdash, launch: Launch):
        running = launch(sys.executable, str(SERVER))
        client = (
            "import socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1])));"
            " print(1, __import__('os').getpid(), flush=True); sys.stdin.read()"
        )
        other = launch(sys.executable, "-c", client, str(running.port))
        with socket.create_connection(("127.0.0.1", running.port)):
            assert self.free(portdash, running) == {running.server}
        assert is_alive(other.server)

    def test_what_holds_the_port_though_its_parent_is_dead_and_not_collected(self, portdash: Portdash, launch: Launch):
        running = launch("sh", "-c", f"{server('--fork', '1')} & exec sleep 600")
        os.kill(running.server, signal.SIGKILL)
        assert gone(running.server)
        (worker,) = running.others
        assert self.free(portdash, running) == {worker}
        assert is_alive(running.process.pid)


class TestLeftAlone:
    """Nothing beside the job of the server ends."""

    def test_another_server_of_the_same_script(self, portdash: Portdash, launch: Launch):
        running = launch(
            sys.executable, "-c",
            "import subprocess, sys\n"
            "command = [sys.executable, sys.argv[1]]\n"
            "there = ['--port', sys.argv[2]]\n"
            "other = subprocess.Popen([*command, *there], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
            "port, pid = other.stdout.readline().split()\n"
            "mine = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
            "print(*map(int, mine.stdout.readline().split()), int(pid), int(port), flush=True)\n"
            "sys.stdin.read()",
            str(SERVER), str(own_port()),
        )  # fmt: skip
        other, port = running.others
        result = portdash("free", str(running.port), "--yes", "--json")
        assert result.code == 0, result.err
        assert [each["pid"] for each in result.document["ends"]] == [running.server]
        assert is_alive(running.process.pid)
        assert is_alive(other)
        assert answers(port)

    def test_those_of_the_same_run_are_named_and_left_alone(self, portdash: Portdash, launch: Launch):
        worker = launch(sys.executable, str(SERVER), PORTDASH_LEASE="abc")
        running = launch(sys.executable, str(SERVER), PORTDASH_LEASE="abc")
        launch(sys.executable, str(SERVER), PORTDASH_LEASE="another")
        result = portdash("free", str(running.port), "--yes")
        assert result.code == 0, result.err
        (note,) = [line for line in result.out.splitlines() if "same run" in line]
        assert note.endswith(f" {worker.server}")
        assert is_alive(worker.server)


@pytest.mark.needs_program("bash")
def test_a_shell_that_a_person_types_into_lives_on(portdash: Portdash, home: Path):
    primary, secondary = pty.openpty()
    shell = subprocess.Popen(
        ["bash", "--norc", "-i"], stdin=secondary, stdout=secondary, stderr=secondary, start_new_session=True
    )
    told = home / "told"
    os.write(primary, f"sh -c '{server()}; true' < /dev/zero > {told}\n".encode())
    try:
        until = time.monotonic() + WAIT
        while not (told.exists() and told.read_text().endswith("\n")):
            assert time.monotonic() < until
            time.sleep(0.02)
        port, pid = map(int, told.read_text().split())
        result = portdash("free", str(port), "--yes", "--json")
        assert result.code == 0, result.err
        assert result.document["ends"][0]["process"] == "sh"
        assert gone(pid)
        assert is_alive(shell.pid)
    finally:
        shell.kill()
        shell.wait()
        os.close(primary)
        os.close(secondary)


def test_uvicorn_that_reloads(portdash: Portdash, launch: Launch, home: Path, free_port: FreePort):
    pytest.importorskip("uvicorn")
    port = free_port()
    (home / "app.py").write_text(
        "import os\n"
        "async def app(scope, receive, send):\n"
        "    if scope['type'] == 'lifespan':\n"
        "        await receive()\n"
        f"        print({port}, os.getpid(), flush=True)\n"
        "        await send({'type': 'lifespan.startup.complete'})\n"
        "        await receive()\n"
        "        await send({'type': 'lifespan.shutdown.complete'})\n"
    )
    argv = ["-m", "uvicorn", "--reload", "--lifespan", "on", "--port", str(port), "app:app"]
    running = launch(sys.executable, *argv)
    assert comes_to_answer(port)
    result = portdash("free", str(port), "--yes", "--json")
    assert result.code == 0, result.err
    ended = {each["pid"] for each in result.document["ends"]}
    assert {running.process.pid, running.server} <= ended
    assert gone(*ended)
    assert not answers(port)


class TestRefused:
    """The port stays taken, and the one line says why."""

    def test_one_that_does_not_listen_to_term(self, portdash: Portdash, launch: Launch):
        running = launch(sys.executable, str(SERVER), "--ignore-term")
        result = portdash("free", str(running.port), "--yes")
        assert result.code == 6
        assert "has not ended 5s after it was asked to" in result.err
        assert f"portdash free {running.port} --force" in result.err
        assert is_alive(running.server)

    def test_one_that_is_started_again_from_outside_its_group(self, portdash: Portdash, launch: Launch):
        running = launch(sys.executable, str(SERVER), "--respawn", "--apart")
        result = portdash("free", str(running.port), "--yes")
        assert result.code == 6
        assert "was taken again: " in result.err
        assert f" {running.process.pid} started " in result.err
        assert answers(running.port)

    def test_one_whose_first_thread_has_ended(self, portdash: Portdash, launch: Launch):
        running = launch(sys.executable, str(SERVER), "--threads")
        result = portdash("free", str(running.port), "--yes")
        assert result.code in (0, 6), result.err
        assert (result.code == 0) is not answers(running.port)

    def test_ourselves(self, portdash: Portdash):
        with socket.create_server(("127.0.0.1", 0)) as own:
            result = portdash("free", str(own.getsockname()[1]), "--yes")
        assert result.code == 6
        assert "portdash itself" in result.err
