"""Run as the first process of a pid namespace: forces pids to be reused between looking and acting, again and again.

    pid_reuse.py ROUNDS

Prints how many rounds there were and how many processes got a signal that was meant for another; that must be 0.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import cycle
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from own_ports import own_port

from portdash.errors import Refused
from portdash.machine.aiming import aim
from portdash.machine.processes import Processes
from portdash.machine.sockets_system import full_sockets
from portdash.machine.surroundings import Surroundings
from portdash.machine.terminate import terminate
from portdash.machine.users import current_user
from portdash.model.plan import Target
from portdash.model.ports import IpProtocol

LAST_PID = Path("/proc/sys/kernel/ns_last_pid")
TABLE = Processes()
AROUND = Surroundings(sockets=full_sockets(), processes=TABLE, setting=TABLE.setting, user=current_user())


def child(act: Callable[[], object]) -> int:
    """Fork a process that does something and then waits to be ended; return once it is done."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        kept = act()
        os.write(writing, b".")
        while kept is not child:
            signal.pause()
    os.close(writing)
    os.read(reading, 1)
    os.close(reading)
    return pid


def end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def take(pid: int, act: Callable[[], object]) -> None:
    """Start a process that gets the pid of one that has just ended."""
    for _ in range(1000):
        LAST_PID.write_text(str(pid - 1))
        got = child(act)
        if got == pid:
            return
        end(got)
    raise AssertionError(f"pid {pid} cannot be had again")


def target(pid: int, port: int) -> Target:
    process = TABLE.process(pid)
    assert process
    return Target(
        label=process.label,
        protocol=IpProtocol.TCP,
        port=port,
        pid=pid,
        ticks=process.ticks,
        started_at=process.started_at,
    )


def listen(port: int) -> socket.socket:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen()
    return server


class Swapping:
    """A socket source during whose n-th look the server ends and its pid goes to another."""

    def __init__(self, number: int, swap: Callable[[], None]) -> None:
        self.left, self.swap = number, swap

    def sockets(self) -> object:
        rows = AROUND.sockets.sockets()
        self.left -= 1
        if self.left == 0:
            self.swap()
        return rows


def unharmed(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG) == (0, 0)


def act_on(shown: Target, around: Surroundings = AROUND) -> None:
    with suppress(Refused):
        terminate(shown, grace=5, around=around, settle=0)


def reused_before(act: Callable[[int], Callable[[], object]]) -> bool:
    """The pid went to another process after it was shown."""
    port = own_port()
    pid = child(lambda: listen(port))
    shown = aim(target(pid, port), AROUND)
    end(pid)
    take(pid, act(port))
    act_on(shown)
    safe = unharmed(pid)
    end(pid)
    return safe


def reused_meanwhile(look: int) -> bool:
    """The pid goes to another process between two looks of the ending itself."""
    port = own_port()
    pid = child(lambda: listen(port))
    shown = aim(target(pid, port), AROUND)

    def swap() -> None:
        end(pid)
        take(pid, lambda: listen(own_port()))

    source = Swapping(look, swap)
    act_on(shown, replace(AROUND, sockets=source))
    if source.left > 0:
        end(pid)
        return True
    safe = unharmed(pid)
    end(pid)
    return safe


def wrapper_reused() -> bool:
    """The pid of what stood above the server went to another process; the server itself is still there.

    None of them leads the group: the kernel gives the number of a group to nobody while there is one in it.
    """
    port = own_port()
    reading, writing = os.pipe()
    leader = child(lambda: os.setpgid(0, 0))

    def wrapper() -> None:
        os.setpgid(0, leader)
        os.write(writing, b"%d" % child(lambda: listen(port)))

    top = child(wrapper)
    server = int(os.read(reading, 16))
    os.close(reading)
    os.close(writing)
    shown = aim(target(server, port), AROUND)
    assert [each.pid for each in shown.group] == [top, server], shown
    end(top)
    take(top, lambda: os.setpgid(0, leader))
    act_on(shown)
    safe = unharmed(top) and unharmed(leader)
    for pid in (top, server, leader):
        end(pid)
    return safe


def rounds() -> Iterator[Callable[[], bool]]:
    idle = lambda _port: lambda: None  # noqa: E731
    elsewhere = lambda _port: lambda: listen(own_port())  # noqa: E731
    yield lambda: reused_before(idle)
    yield lambda: reused_before(elsewhere)
    for look in range(1, 6):
        yield lambda look=look: reused_meanwhile(look)
    yield wrapper_reused


def main() -> None:
    wrong, done = 0, 0
    LAST_PID.write_text("300")  # the first two are never ended, whoever they are
    for each in cycle(rounds()):
        if done == int(sys.argv[1]):
            break
        wrong += not each()
        done += 1
    sys.stdout.write(f"{done} {wrong}\n")


if __name__ == "__main__":
    main()
