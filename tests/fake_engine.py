"""A container engine of a test's own: real HTTP on a real socket, with recorded answers or with none at all."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from portdash.machine.containers.addresses import Address

Reply = Callable[[socket.socket, str, str], None]
"""Answers one question on a connection: `GET`, `/containers/json?all=1`."""
RECORDED = Path(__file__).with_name("machine") / "recorded"


class FakeEngine:
    """Listens until it is closed; `asked` has every question so far."""

    def __init__(self, directory: Path, reply: Reply) -> None:
        self.path = directory / "e.sock"
        self.reply = reply
        self.asked: list[str] = []
        self._open: list[socket.socket] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self.path))
        self._listening.listen(16)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def address(self) -> Address:
        return Address(str(self.path))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self.path.unlink(missing_ok=True)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                made = self._listening.accept()[0]
                self._open.append(made)
                threading.Thread(target=self._serve, args=(made,), daemon=True).start()

    def _serve(self, made: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            for method, path in _questions(made):
                self.asked.append(f"{method} {path}")
                self.reply(made, method, path)


def _questions(made: socket.socket) -> Iterator[tuple[str, str]]:
    data = b""
    while piece := made.recv(65536):
        data += piece
        while b"\r\n\r\n" in data:
            head, _, data = data.partition(b"\r\n\r\n")
            method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
            yield method, path


def say(made: socket.socket, status: int, document: object, server: str = "Docker/20.10.24 (linux)") -> None:
    """Answer a question in full."""
    body = b"" if document is None else json.dumps(document).encode()
    head = f"HTTP/1.1 {status} X\r\nServer: {server}\r\nContent-Type: application/json\r\n"
    made.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def recorded(name: str) -> dict[str, object]:
    """Return what an engine of that name and version said once."""
    return dict(json.loads((RECORDED / f"{name}.json").read_text()))


def replay(said: dict[str, object]) -> Reply:
    """Answer as the recorded engine did."""
    server, listed, inspected = said["server"], said["list"], said["inspected"]

    def reply(made: socket.socket, method: str, path: str) -> None:
        words = path.partition("?")[0].split("/")
        if path == "/containers/json?all=1" and method == "GET":
            say(made, 200, listed, server)
        elif len(words) == 4 and words[3] == "json" and words[2] in inspected:
            say(made, 200, inspected[words[2]], server)
        else:
            say(made, 404, {"message": f"no such container: {path}"}, server)

    return reply
