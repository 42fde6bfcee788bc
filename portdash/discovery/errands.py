"""What the policy must know of a request of httpx."""

from __future__ import annotations

from functools import cache

import httpx

from portdash.discovery.policy import IDEMPOTENT, Errand


def errand_of(request: httpx.Request, *, retry_unsafe: bool) -> Errand:
    """Return what the policy must know of a request."""
    stream = request.stream
    # What can be read both ways is bytes or a form, and can be read again; of a form with a pipe in it nobody knows the
    # length.
    both = isinstance(stream, httpx.AsyncByteStream) and isinstance(stream, httpx.SyncByteStream)
    return _errand(
        retry_unsafe or request.method in IDEMPOTENT or "Idempotency-Key" in request.headers,
        isinstance(stream, httpx.ByteStream) or (both and "Content-Length" in request.headers),
    )


@cache
def _errand(is_repeatable: bool, is_replayable: bool) -> Errand:
    return Errand(is_repeatable=is_repeatable, is_replayable=is_replayable)
