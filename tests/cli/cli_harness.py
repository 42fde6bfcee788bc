"""What the tests of the command line share: the result of a command, and the types of the fixtures."""

import json
import subprocess
from collections.abc import Callable
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
