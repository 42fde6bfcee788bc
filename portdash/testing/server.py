"""The server of a `TestInstance`, a process of its own: prints its port, answers HTTP, and obeys its standard input.

It imports next to nothing, to be there at once, and it ends with its standard input. A line is one of `slow SECONDS`,
`fail STATUS`, `well`, `count` and `end`; each is answered by a line.
"""

import os
import socket
import sys
import threading
import time

_AT_ONCE = 64
_PIECE = 65_536


class Server:
    """Answers every request with who it is, as it was last told to."""

    def __init__(self, listening: socket.socket, *, one_at_a_time: bool) -> None:
        self._listening = listening
        self._port = listening.getsockname()[1]
        self._one_at_a_time = one_at_a_time
        self._delay = 0.0
        self._status = 200
        self._count = 0
        self._lock = threading.Lock()

    def obey(self, line: str) -> str:
        """Do what a line says, and return the answer to it."""
        word, _, rest = line.partition(" ")
        if word == "slow":
            self._delay = float(rest)
        elif word == "fail":
            self._status = int(rest)
        elif word == "well":
            self._delay, self._status, self._count = 0.0, 200, 0
        elif word == "count":
            return str(self._count)
        return "done"

    def serve(self) -> None:
        """Accept for ever."""
        while True:
            connection, _ = self._listening.accept()
            if self._one_at_a_time:
                self._answer_all(connection)
            else:
                threading.Thread(target=self._answer_all, args=(connection,), daemon=True).start()

    def _answer_all(self, connection: socket.socket) -> None:
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            data = b""
            try:
                while request := _read(connection, data):
                    head, data = request
                    connection.sendall(self._answer(head))
                    if self._one_at_a_time:
                        return
            except OSError:
                return  # the client has gone

    def _answer(self, head: bytes) -> bytes:
        with self._lock:
            self._count += 1
            count = self._count
        method, path, _ = head.split(b" ", 2)
        time.sleep(self._delay)
        body = b'{"port":%d,"pid":%d,"method":"%b","path":"%b","count":%d,"host":"%b"}' % (
            self._port, os.getpid(), method, path, count, _field(head, b"host")
        )  # fmt: skip
        length = len(body)
        close = b"Connection: close\r\n" if self._one_at_a_time else b""
        top = b"HTTP/1.1 %d Told\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n"
        return top % (self._status, close, length) + (b"" if method == b"HEAD" else body)


def _read(connection: socket.socket, data: bytes) -> tuple[bytes, bytes] | None:
    """Return the head of the next request, and what came after its body; None at the end."""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(_PIECE)
        if not piece:
            return None
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    is_chunked = b"chunked" in _field(head, b"transfer-encoding")
    length = int(_field(head, b"content-length") or 0)
    while (is_chunked and not rest.endswith(b"0\r\n\r\n")) or len(rest) < length:
        piece = connection.recv(_PIECE)
        if not piece:
            return None
        rest += piece
    return head, b"" if is_chunked else rest[length:]


def _field(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.lower() == name:
            return value.strip()
    return b""


def main() -> None:
    """Listen on the port of the first argument, 0 for any; `one` after it answers one connection at a time."""
    listening = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=_AT_ONCE)
    server = Server(listening, one_at_a_time="one" in sys.argv[2:])
    threading.Thread(target=server.serve, daemon=True).start()
    print(listening.getsockname()[1], flush=True)  # noqa: T201  whoever started us waits for it
    for line in sys.stdin:
        print(server.obey(line.strip()), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
