"""`GET /api/v1/events`: what happens to assignments, conflicts and health, as server-sent events."""

from __future__ import annotations

from litestar import get
from litestar.response import Stream

from portdash.api.answering import AnyRequest, query_of
from portdash.api.core import core_of
from portdash.api.problems import BadRequest, TooManyStreams
from portdash.api.streams import MOST_STREAMS


@get("/api/v1/events")
async def events(request: AnyRequest) -> Stream:
    """Tell each event as it happens; who comes back with Last-Event-ID is told what it missed."""
    query_of(request)
    streams = core_of(request).streams
    if streams.count >= MOST_STREAMS:
        raise TooManyStreams(f"there are {MOST_STREAMS} streams already")
    return Stream(streams.read(_last_id(request)), media_type="text/event-stream")


def _last_id(request: AnyRequest) -> int | None:
    """Return the id of the last event that the reader had, None for a new one. Raises BadRequest."""
    text = request.headers.get("last-event-id", "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise BadRequest("Last-Event-ID is no id of an event", hint="send back the id of the last event, as it came")
    return int(text)


HANDLERS = (events,)
