"""One connection: who may connect, how many there may be, and how long a request's head may take."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from portdash.api.gate import Denial
from portdash.api.guarding import SECURITY_HEADERS
from portdash.api.problems import MEDIA_TYPE, problem
from portdash.api.sockets import is_own_peer

_log = logging.getLogger("portdash.api")

HEAD_PATIENCE = 5.0
"""Seconds in which the line and headers of a request have to come: who drips them in holds no connection."""
UNREAD_PATIENCE = 10.0
"""Seconds for which a client may leave unread what it asked for, without taking a byte of it."""
MOST_CONNECTIONS = 128

_LATE = Denial(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "the request did not come in time", "send it at once")
_BUSY = Denial(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "too many connections", "close some, or ask again later")
_BROKEN = Denial(HTTPStatus.BAD_REQUEST, "bad_request", "this is no HTTP request", "GET /openapi.json lists them")


class GuardedProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn has it, with limits that it does not know."""

    _timer: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Take a connection, unless it is another user's or one too many."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # so that every byte that waits here is known of
        sock = transport.get_extra_info("socket")
        if sock is not None and not is_own_peer(sock):
            _log.warning("a connection of another user was refused")
            transport.abort()
        elif len(self.connections) > MOST_CONNECTIONS:
            self._end_with(_BUSY)
        else:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._head_came()
        self._was_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for the client to read, but not without end."""
        super().pause_writing()
        self._wait_for_reader(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Go on: all that waited was taken."""
        self._was_read()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Take bytes, and see to it that a head which has begun is whole soon."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._head_came()
        elif self._timer is None and not _is_under_way(before):
            self._wait_for_head()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  its words are for its log
        """Answer what is no HTTP, or too long."""
        _log.info("a connection on which no HTTP request came was ended")
        self._end_with(_BROKEN)

    def _wait_for_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_PATIENCE, self._end_with, _LATE)

    def _head_came(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait_for_reader(self, waiting: int) -> None:
        """Let go of the connection, with all that waits for its client, once nothing of `waiting` bytes is taken."""

        def look() -> None:
            left = self.transport.get_write_buffer_size()
            if left < waiting:
                self._wait_for_reader(left)
            else:
                _log.warning("a client that reads nothing was let go")
                self.transport.abort()

        self._was_read()
        self._unread = self.loop.call_later(UNREAD_PATIENCE, look)

    def _was_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _end_with(self, denial: Denial) -> None:
        """Answer outside of any request, and close."""
        self._timer = None
        if self.transport.is_closing():
            return
        body = problem(denial.status, denial.code, denial.message, denial.hint)
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            *SECURITY_HEADERS,
        ]
        response = h11.Response(status_code=denial.status.value, headers=headers, reason=denial.status.phrase.encode())
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            for event in (response, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event))
        self.transport.close()


def _is_under_way(cycle: RequestResponseCycle | None) -> bool:
    """Say whether a request is being answered; None before the first."""
    return cycle is not None and not cycle.response_complete
