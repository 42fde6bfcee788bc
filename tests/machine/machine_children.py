"""A real server in a process of its own, as the tests of the machine get it from `serve`."""

import subprocess
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
