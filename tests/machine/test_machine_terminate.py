"""Ending real processes of our own, and refusing to end what was not shown, not ours or never to be ended."""

import errno
import os
import signal
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from machine_children import Child, Serve

from portdash.errors import Refused
from portdash.machine.containers.addresses import Addresses
from portdash.machine.handles import PidfdHandle, PsutilHandle, hold
from portdash.machine.processes import Processes
from portdash.machine.sockets_psutil import PsutilSockets
from portdash.machine.terminate import Surroundings, terminate
from portdash.machine.users import current_user
from portdash.model.listener import Process
from portdash.model.plan import Target
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket

pytestmark = pytest.mark.needs_linux
TCP, UDP = IpProtocol.TCP, IpProtocol.UDP
GRACE = 10.0
NAME = Path(sys.executable).name[:15]
"""What the kernel calls our children."""
"""Far more than a child needs, so that a busy machine fails no test."""
SHORT = 0.3
"""For those that do not let go whatever the time."""


@pytest.fixture
def around() -> Surroundings:
    table = Processes()
    return Surroundings(sockets=PsutilSockets(), processes=table, setting=table.setting, user=current_user())


def target(child: Child, *, pid: int | None = None, protocol: IpProtocol = TCP) -> Target:
    process = Processes().process(pid or child.pid)
    return Target(
        label=process.label,
        protocol=protocol,
        port=child.port,
        pid=process.pid,
        ticks=process.ticks,
        started_at=process.started_at,
    )


def is_alive(pid: int) -> bool:
    return Processes().process(pid) is not None


def held(port: int) -> list[Socket]:
    return [each for each in PsutilSockets().sockets() if each.port == port]


class TestRealProcesses:
    @pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::"])
    def test_a_server_that_ends_when_asked(self, serve: Serve, around: Surroundings, address: str):
        child = serve("--address", address)
        line = terminate(target(child), grace=GRACE, around=around, settle=0)
        assert line.startswith(f"{NAME} {child.pid} ended after ")
        assert line.endswith(f"s, {child.port} is free")
        assert child.process.wait() == -signal.SIGTERM
        assert held(child.port) == []

    def test_udp(self, serve: Serve, around: Surroundings):
        child = serve("--udp")
        with pytest.raises(Refused, match="does not listen"):
            terminate(target(child), grace=GRACE, around=around)
        assert terminate(target(child, protocol=UDP), grace=GRACE, around=around, settle=0).endswith("is free")

    def test_all_who_share_the_socket_are_asked(self, serve: Serve, around: Surroundings):
        child = serve("--fork", "3")
        assert terminate(target(child), grace=GRACE, around=around, settle=0).endswith("is free")
        assert not any(is_alive(pid) for pid in child.pids)

    def test_one_that_does_not_listen_to_term(self, serve: Serve, around: Surroundings):
        child = serve("--ignore-term")
        with pytest.raises(Refused, match=f"still holds {child.port}") as caught:
            terminate(target(child), grace=SHORT, around=around)
        assert f"kill -KILL {child.pid}" in caught.value.hint
        assert is_alive(child.pid)

    def test_one_that_only_lets_go_of_the_port(self, serve: Serve, around: Surroundings):
        child = serve("--let-go")
        line = terminate(target(child), grace=2.0, around=around)
        assert "let go" in line
        assert "still runs" in line
        assert held(child.port) == []

    def test_one_that_is_started_again(self, serve: Serve, around: Surroundings):
        child = serve("--respawn")
        (server,) = child.pids
        with pytest.raises(Refused, match=f"taken again: {NAME} {child.pid} started {NAME}") as caught:
            terminate(target(child, pid=server), grace=GRACE, around=around, settle=GRACE)
        assert f"stop {NAME} {child.pid} itself" in caught.value.hint

    def test_another_on_a_second_address_is_named(self, serve: Serve, around: Surroundings):
        first = serve("--address", "127.0.0.1")
        second = serve("--address", "127.0.0.2", "--port", str(first.port))
        with pytest.raises(Refused, match=f"{NAME} {second.pid} holds {first.port} on 127.0.0.2"):
            terminate(target(first), grace=GRACE, around=around, settle=0)
        assert is_alive(second.pid)
        assert terminate(target(second), grace=GRACE, around=around, settle=0).endswith("is free")

    def test_two_that_are_ended_together_are_not_in_each_others_way(self, serve: Serve, around: Surroundings):
        first = serve("--address", "127.0.0.1")
        second = serve("--address", "::1", "--port", str(first.port))
        shown = [replace(target(first), beside=(second.pid,)), replace(target(second), beside=(first.pid,))]
        lines = [terminate(each, grace=GRACE, around=around, settle=0) for each in shown]
        assert all(line.endswith(f"{first.port} is free") for line in lines)
        assert held(first.port) == []

    def test_a_third_beside_them_is_in_the_way(self, serve: Serve, around: Surroundings):
        first = serve("--address", "127.0.0.1")
        second = serve("--address", "::1", "--port", str(first.port))
        third = serve("--address", "127.0.0.2", "--port", str(first.port))
        shown = replace(target(first), beside=(second.pid,))
        with pytest.raises(Refused, match=f"{third.pid} holds {first.port} on 127.0.0.2"):
            terminate(shown, grace=GRACE, around=around, settle=0)

    def test_it_looks_no_more_often_than_it_must_once_the_port_is_free(self, serve: Serve, around: Surroundings):
        child = serve()
        looks = 0

        class Counting:
            def sockets(self) -> list[Socket]:
                nonlocal looks
                looks += 1
                return around.sockets.sockets()

        terminate(target(child), grace=600, around=replace(around, sockets=Counting()), settle=0)
        assert looks <= 4, "to find who shares the socket, to check, and to see it free, at most twice"


class TestIdentity:
    def test_another_start_is_another_process(self, serve: Serve, around: Surroundings):
        child = serve()
        with pytest.raises(Refused, match="is not python"):
            terminate(replace(target(child), ticks=target(child).ticks + 1), grace=GRACE, around=around)
        assert is_alive(child.pid)

    def test_without_ticks_the_time_of_start_decides(self, serve: Serve, around: Surroundings):
        child = serve()
        shown = replace(target(child), ticks=0)
        for other in (replace(shown, started_at=shown.started_at - 60), replace(shown, started_at=None)):
            with pytest.raises(Refused, match="is not python"):
                terminate(other, grace=GRACE, around=around)
        assert is_alive(child.pid)
        assert terminate(shown, grace=GRACE, around=around, settle=0).endswith("is free")

    def test_a_process_that_listens_elsewhere_is_left_alone(self, serve: Serve, around: Surroundings):
        child, other = serve(), serve()
        with pytest.raises(Refused, match="does not listen"):
            terminate(replace(target(child), port=other.port), grace=GRACE, around=around)
        assert is_alive(child.pid)
        assert is_alive(other.pid)

    def test_a_client_of_the_port_is_never_taken_for_its_server(self, serve: Serve, around: Surroundings):
        child = serve()
        with socket.create_connection(("127.0.0.1", child.port)):
            own = Processes().process(os.getpid())
            shown = replace(target(child), pid=own.pid, ticks=own.ticks)
            with pytest.raises(Refused, match="does not listen"):
                terminate(shown, grace=GRACE, around=around)

    def test_gone_and_free_is_done(self, serve: Serve, around: Surroundings):
        child = serve()
        shown = target(child)
        child.process.kill()
        child.process.wait()
        assert terminate(shown, grace=GRACE, around=around) == f"{shown.label} had ended already, {child.port} is free"

    def test_gone_and_taken_by_another_is_refused(self, serve: Serve, around: Surroundings):
        child = serve()
        shown = target(child)
        child.process.kill()
        child.process.wait()
        other = serve("--port", str(child.port))
        with pytest.raises(Refused, match="held by another"):
            terminate(shown, grace=GRACE, around=around)
        assert is_alive(other.pid)

    def test_dead_but_not_collected_is_gone_too(self, serve: Serve, around: Surroundings):
        child = serve()
        shown = target(child)
        child.process.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert terminate(shown, grace=GRACE, around=around).endswith(f"{child.port} is free")


class TestRefusals:
    def test_a_container_is_its_engine_s_to_stop(self, around: Surroundings, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("portdash.machine.containers.stopping.find_addresses", lambda *_: Addresses())
        shown = Target(label="db (docker)", protocol=TCP, port=5432, container_id="0123456789abcdef")
        with pytest.raises(Refused, match="its engine cannot be asked, for there is none") as caught:
            terminate(shown, grace=GRACE, around=around)
        assert "docker stop 0123456789ab`" in caught.value.hint

    def test_an_unknown_owner(self, around: Surroundings):
        with pytest.raises(Refused, match="may not be read") as caught:
            terminate(Target(label="owner hidden", protocol=TCP, port=5432), grace=GRACE, around=around)
        assert "ss -Htulnp" in caught.value.hint

    @pytest.mark.parametrize("pid", [0, 1, 2, -1])
    def test_the_first_processes(self, around: Surroundings, pid: int):
        with pytest.raises(Refused, match="runs the system"):
            terminate(Target(label="init", protocol=TCP, port=5432, pid=pid), grace=GRACE, around=around)

    def test_ourselves(self, around: Surroundings):
        with socket.create_server(("127.0.0.1", 0)) as server:
            own = Processes().process(os.getpid())
            shown = Target(
                label="us", protocol=TCP, port=server.getsockname()[1], pid=own.pid, ticks=own.ticks, started_at=0
            )
            with pytest.raises(Refused, match="portdash itself") as caught:
                terminate(shown, grace=GRACE, around=around)
            assert "another terminal" in caught.value.hint

    def test_a_sharer_that_may_not_be_ended_protects_all(self, serve: Serve, around: Surroundings):
        child = serve("--fork", "1")
        worker = child.pids[1]

        class Disguised:
            def process(self, pid: int) -> Process | None:
                process = around.processes.process(pid)
                return replace(process, user="somebody-else") if process and pid == worker else process

        with pytest.raises(Refused, match="belongs to the user somebody-else"):
            terminate(target(child), grace=GRACE, around=replace(around, processes=Disguised()))
        assert all(is_alive(pid) for pid in child.pids)

    def test_a_process_that_calls_itself_sshd(self, serve: Serve, around: Surroundings):
        child = serve("--name", "sshd")
        with pytest.raises(Refused, match="connection") as caught:
            terminate(target(child), grace=GRACE, around=around)
        assert "systemctl stop ssh" in caught.value.hint
        assert is_alive(child.pid)


class TestHandles:
    @pytest.mark.parametrize("kind", [PidfdHandle, PsutilHandle])
    def test_both_end_the_process_and_notice(self, serve: Serve, kind: type[PidfdHandle] | type[PsutilHandle]):
        child = serve()
        handle = kind(child.pid)
        assert not handle.wait(0)
        assert not handle.wait(0.01)
        handle.ask_to_end()
        assert handle.wait(GRACE)
        child.process.wait()
        assert handle.wait(0)
        with pytest.raises(ProcessLookupError):
            handle.ask_to_end()
        handle.close()

    @pytest.mark.parametrize("kind", [PidfdHandle, PsutilHandle, hold])
    def test_nobody_there(self, serve: Serve, kind: type[PidfdHandle]):
        child = serve()
        child.process.kill()
        child.process.wait()
        with pytest.raises(ProcessLookupError):
            kind(child.pid)

    @pytest.mark.parametrize("code", [errno.ENOSYS, errno.EPERM])
    def test_a_kernel_without_pidfd(self, serve: Serve, monkeypatch: pytest.MonkeyPatch, code: int):
        def refuse(_: int) -> int:
            raise OSError(code, os.strerror(code))

        child = serve()
        monkeypatch.setattr(os, "pidfd_open", refuse)
        assert isinstance(hold(child.pid), PsutilHandle)

    def test_descriptors_are_given_back(self, serve: Serve, around: Surroundings):
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(3):
            child = serve("--fork", "2")
            terminate(target(child), grace=GRACE, around=around, settle=0)
            child.process.communicate()
        assert len(list(Path("/proc/self/fd").iterdir())) <= before

    def test_two_ends_at_once_do_not_disturb_each_other(self, serve: Serve, around: Surroundings):
        children = [serve() for _ in range(3)]
        shown = [target(each) for each in children]
        lines: list[str] = []
        threads = [
            threading.Thread(
                target=lambda each=each: lines.append(terminate(each, grace=GRACE, around=around, settle=0))
            )
            for each in shown
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(line.endswith("is free") for line in lines)
        assert len(lines) == 3
