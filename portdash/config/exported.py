"""Names of environment variables that a service may be overridden by and exported as."""

import re

from portdash.errors import InvalidName
from portdash.text import shown

EXPORTED = "PORTDASH_EXPORTED"
"""Variable in which our own exports are listed as `NAME=value,NAME=value`, so that we know our echo."""
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,127}", re.ASCII)
_DANGEROUS = re.compile(r"PATH|LD_.*|DYLD_.*|BASH_ENV|ENV|IFS|NODE_OPTIONS|PYTHON.*|.*_PROXY|PORTDASH_.*")


def check_variable(name: str) -> str:
    """Return `name` if it may stand for a service's port. Raises InvalidName.

    `PORT` may: it overrides like any other. It is never written to files, though; see `ServiceSpec.variable`.
    """
    if not isinstance(name, str):  # a library's caller may hand in anything
        raise InvalidName(f"{shown(name)!r} is no text, and so no variable for a port")
    if not _NAME.fullmatch(name):
        raise InvalidName(
            f"{name[:80]!r} is not a variable for a port",
            hint="such a name is written in capitals, digits and _, and starts with a letter, as in WEB_PORT",
        )
    if _DANGEROUS.fullmatch(name):
        raise InvalidName(
            f"{name[:80]} changes how programs run and cannot hold a port", hint="name one such as WEB_PORT"
        )
    if "PORT" not in name:
        raise InvalidName(
            f"{name[:80]} does not say that it is a port", hint=f"PORT must be part of it, as in {name[:60]}_PORT"
        )
    return name
