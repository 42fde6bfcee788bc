"""Talking to a container engine: HTTP over its socket, until a moment and up to a size, whatever it does.

The standard library's client, and not httpx: that takes six times as long to load, which every command would pay for
on a machine with an engine, and it limits the time of each read, so that an engine which trickles has no limit at all.
Here the clock and the count of bytes are asked at every read of the socket, headers and body alike.
"""

import http.client
import socket
import time
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from portdash.machine.containers.addresses import Address
from portdash.text import clean

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LARGEST = 8 * 1024 * 1024
"""Bytes of one answer; a container takes about 2,000 in a list."""
_HEADERS = 64 * 1024


class Trouble(StrEnum):
    """Why an engine said nothing."""

    AWAY = "away"
    """Nobody answers there: it does not run."""
    DENIED = "denied"
    SILENT = "silent"
    """It has not said all in time."""
    NONSENSE = "nonsense"
    """What it said is no answer of an engine."""


class EngineError(Exception):
    """An engine that said nothing of use."""

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(detail or trouble.value)
        self.trouble = trouble
        self.detail = detail
        """Ready to read."""


class Answer(NamedTuple):
    """What an engine said to one question."""

    status: int
    body: bytes
    server: str
    """How it calls itself: `Docker/28.2.2 (linux)`."""


class Conversation:
    """Questions to one engine over one connection, all of them until one moment. Close it when done.

    Not for several threads. Any error ends it.
    """

    def __init__(self, address: Address, *, until: float) -> None:
        """Begin one; `until` is on the monotonic clock, in seconds."""
        self._connection = _Connection(address, until)

    def ask(self, path: str, *, method: str = "GET", largest: int = LARGEST) -> Answer:
        """Return the answer to one question. Raises EngineError."""
        try:
            return self._ask(path, method, largest)
        except PermissionError as error:
            raise EngineError(Trouble.DENIED) from error
        except (ConnectionRefusedError, FileNotFoundError) as error:
            raise EngineError(Trouble.AWAY) from error
        except (TimeoutError, BlockingIOError) as error:  # the latter: more wait to be let in than it has room for
            raise EngineError(Trouble.SILENT) from error
        except OSError as error:
            raise EngineError(Trouble.NONSENSE, clean(error.strerror or str(error))) from error
        except (http.client.HTTPException, ValueError) as error:
            raise EngineError(Trouble.NONSENSE, "it speaks no HTTP") from error

    def _ask(self, path: str, method: str, largest: int) -> Answer:
        self._connection.allow(largest + _HEADERS)
        self._connection.request(method, path)
        with self._connection.getresponse() as response:
            body = response.read(largest + 1)
            if len(body) > largest:
                raise EngineError(Trouble.NONSENSE, "its answer has no end")
            if response.length:
                raise EngineError(Trouble.NONSENSE, "it broke off in its answer")
            return Answer(response.status, body, response.getheader("Server") or "")

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


class _Connection(http.client.HTTPConnection):
    """A connection over whatever the address is."""

    def __init__(self, address: Address, until: float) -> None:
        super().__init__("docker")
        self._address = address
        self._until = until
        self._allowed = 0

    def allow(self, size: int) -> None:
        """Let so many bytes come in answer to the next question."""
        self._allowed = size
        if isinstance(self.sock, _Socket):
            self.sock.allowed = size

    def connect(self) -> None:
        """Open the socket."""
        path, host, port = self._address
        family = socket.AF_UNIX if path is not None else socket.AF_INET6 if ":" in host else socket.AF_INET
        made = _Socket(family, self._until, self._allowed)
        try:
            made.settimeout(made.left())
            made.connect(path if path is not None else (host, port))
        except BaseException:
            made.close()
            raise
        self.sock = made


class _Socket(socket.socket):
    """A socket that is read until a moment and up to a number of bytes."""

    def __init__(self, family: socket.AddressFamily, until: float, allowed: int) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self._until = until
        self.allowed = allowed

    def left(self) -> float:
        """Return the seconds left. Raises TimeoutError when there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        """Read what there is, as the base does."""
        self.settimeout(self.left())
        count = super().recv_into(buffer, nbytes, flags)
        self.allowed -= count
        if self.allowed < 0:
            raise EngineError(Trouble.NONSENSE, "its answer has no end")
        return count
