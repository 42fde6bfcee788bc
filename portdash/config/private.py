"""What of our own variables is nobody else's business."""

import re
from collections.abc import Mapping

from portdash.config.urls import redacted

_NEVER = frozenset(("PORTDASH_TOKEN",))
_MAY_HOLD = re.compile(r"PORTDASH_(STORE|CLUSTER_URL|URL_.+)")


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for a program that we start, without our token and our URLs that hold credentials."""
    return {name: value for name, value in environ.items() if not _is_secret(name, value)}


def _is_secret(name: str, value: str) -> bool:
    return name in _NEVER or (_MAY_HOLD.fullmatch(name) is not None and redacted(value) != value)
