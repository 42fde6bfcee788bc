"""Where a request goes that is sent to an instance, as it goes over the wire."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import httpx

from portdash.config.urls import basic_auth

Headers = list[tuple[bytes, bytes]]


class Place(NamedTuple):
    """Where a URL leads, and what it says for whoever is there."""

    scheme: bytes
    host: bytes
    port: int | None
    netloc: bytes
    """What the Host header says."""
    prefix: bytes
    """The path, without a slash at its end."""
    auth: bytes | None
    """What the Authorization header says: user name and password of the URL; None where it holds none."""

    def headers(self, given: Headers) -> Headers:
        """Return the headers of a request as this place is to get them; its own Authorization counts."""
        headers = [(name, self.netloc if name.lower() == b"host" else value) for name, value in given]
        if self.auth is not None and all(name.lower() != b"authorization" for name, _ in given):
            headers.append((b"Authorization", self.auth))
        return headers


@lru_cache(maxsize=256)
def place_of(url: str) -> Place:
    """Return it. Raises httpx.InvalidURL."""
    read = httpx.URL(url)
    auth = basic_auth(read.username, read.password)
    return Place(
        read.raw_scheme,
        read.raw_host,
        read.port,
        read.netloc,
        read.raw_path.rstrip(b"/"),
        auth.encode("ascii") if auth else None,
    )
