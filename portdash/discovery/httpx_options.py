"""What a client passes on to httpx, as far as httpx itself looks at it no sooner than at the first request."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from http.cookiejar import CookieJar

import httpx

from portdash.discovery.checking import check_known
from portdash.manager.given import no_use

_SECONDS = "timeout=5.0, or httpx.Timeout(5.0, connect=1.0)"


def check_httpx(options: Mapping[str, object], known: Collection[str]) -> None:
    """Raise UsageError for an option that nobody knows, or a value that would fail in a request."""
    check_known(options, known)
    if "timeout" in options:
        _check_timeout(options["timeout"])
    redirects = options.get("max_redirects", 0)
    if type(redirects) is not int or redirects < 0:
        no_use("max_redirects", redirects, "a whole number from 0", hint="max_redirects=20")
    cookies = options.get("cookies")
    if not isinstance(cookies, Mapping | httpx.Cookies | CookieJar | list | None):
        no_use("cookies", cookies, "a mapping", hint='cookies={"session": "..."}')
    base = options.get("base_url", "")
    if not isinstance(base, str | httpx.URL):
        no_use("base_url", base, "a URL", hint='base_url="/v1", which is below that of the service')


def _check_timeout(value: object) -> None:
    try:
        limits = httpx.Timeout(value).as_dict()  # type: ignore[arg-type]
    except (TypeError, ValueError, IndexError, AttributeError):
        limits = {"": math.nan}
    for seconds in limits.values():
        is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if seconds is not None and not (is_number and 0 <= seconds < math.inf):
            no_use("timeout", value, "seconds, or None for no limit", hint=_SECONDS)
