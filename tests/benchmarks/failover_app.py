"""A small ASGI application for uvicorn: `/slow` takes a second, `/count` tells how many slow requests began."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
begun = 0


async def app(
    scope: Message, _receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    global begun  # noqa: PLW0603  one number a process
    if scope["path"] == "/slow":
        begun += 1
        await asyncio.sleep(1.0)
    body = str(begun).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
