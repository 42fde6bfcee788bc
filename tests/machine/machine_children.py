"""A real server in a process of its own, as the tests of the machine get it from `serve`."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Child:
    """A process of a test, which said which port it has and, if it forked, with whom it shares it."""

    process: subprocess.Popen[bytes]
    port: int
    pids: tuple[int, ...]

    @property
    def pid(self) -> int:
        """Pid of the process started."""
        return self.process.pid


Serve = Callable[..., Child]


def tells_bound() -> bool:
    """Say whether the kernel lists sockets that are bound and do not listen: since Linux 6.8."""
    return sys.platform == "linux" and tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) >= (6, 8)
