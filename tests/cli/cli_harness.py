"""What the tests of the command line share: the result of a command, and the types of the fixtures."""

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


Portdash = Callable[..., Result]
"""Runs a command."""
FreePort = Callable[[], int]
"""Returns a port that was free a moment ago."""
Server = Callable[..., "subprocess.Popen[str]"]
"""Starts a process that listens on a port: `server(port, *arguments, cwd=...)`."""


def is_harmless(text: str) -> bool:
    """Say whether every character is one that a terminal merely draws."""
    return all(char == "\n" or char.isprintable() for char in text)


@contextmanager
def held_port(free_port: FreePort) -> Iterator[int]:
    """A port that other tests leave alone until the block ends: bound, so that only who shares it can take it."""
    while True:
        port = free_port()
        with socket.socket() as hold:
            hold.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                hold.bind(("127.0.0.1", port))
            except OSError:
                continue
            yield port
            return
