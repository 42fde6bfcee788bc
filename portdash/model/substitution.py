"""`{port}`, `{host}` and `{url}` in the arguments of a command. Pure."""

import re
from collections.abc import Sequence

from portdash.model.assignment import url_of

HOST = "127.0.0.1"
"""What `{host}` stands for: this machine alone."""
_WORD = re.compile(r"\{(port|host|url)\}")


def names_port(command: Sequence[str]) -> bool:
    """Say whether a command has a place for its port."""
    return any(match[1] in ("port", "url") for argument in command for match in _WORD.finditer(argument))


def substitute(command: Sequence[str], port: int) -> tuple[str, ...]:
    """Return the command with its port in place; any other brace stays as it is."""
    values = {"port": str(port), "host": HOST, "url": url_of(port)}
    return tuple(_WORD.sub(lambda match: values[match[1]], argument) for argument in command)
