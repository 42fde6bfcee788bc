"""Sleeping until a process ends, somebody calls, or the time is over."""

from __future__ import annotations

import os
import selectors
import socket
from collections.abc import Iterable
from contextlib import suppress

from portdash.discovery.instance import Instance
from portdash.health.liveness import open_exit


class Exits:
    """Watches the processes of instances where the kernel has pidfds. For one thread; `wake` may come from any."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)
        self._selector.register(self._ear, selectors.EVENT_READ)
        self._files: dict[tuple[int, int], int] = {}

    def watch(self, instances: Iterable[Instance]) -> None:
        """Watch the processes of these from now on, and no others."""
        wanted = {life for each in instances if (life := _life(each))}
        for life in self._files.keys() - wanted:
            self._forget(life)
        for life in wanted - self._files.keys():
            if (file := open_exit(*life)) is not None:
                self._files[life] = file
                self._selector.register(file, selectors.EVENT_READ)

    def sleep(self, seconds: float) -> None:
        """Return when a process has ended, `wake` was called, or the time is over."""
        ready = {key.fileobj for key, _ in self._selector.select(max(0.0, seconds))}
        for life in [life for life, file in self._files.items() if file in ready]:
            self._forget(life)
        with suppress(BlockingIOError):
            self._ear.recv(4096)

    def wake(self) -> None:
        """End the sleep, or the next one."""
        with suppress(OSError):  # full, and so awake; or closed
            self._mouth.send(b"\0")

    def close(self) -> None:
        """Let go of all."""
        for life in tuple(self._files):
            self._forget(life)
        self._selector.close()
        self._ear.close()
        self._mouth.close()

    def _forget(self, life: tuple[int, int]) -> None:
        file = self._files.pop(life)
        self._selector.unregister(file)
        os.close(file)


def _life(instance: Instance) -> tuple[int, int] | None:
    """Return pid and start in ticks; None where there is no process of ours to watch, or its start is not known."""
    match instance.identity:
        case (int(pid), int(ticks)) if pid == instance.pid and ticks:
            return pid, ticks
        case _:
            return None
