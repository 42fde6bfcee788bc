"""Is it our port that a server could not have? What it printed says so more or less clearly. Pure."""

import re
from enum import Enum

_IN_USE = re.compile(
    rb"EADDRINUSE|(address|connection|port)( is)?( already)? in use|port \d+ is (already )?in use", re.IGNORECASE
)
"""As Node, Python, Go, Ruby, gunicorn, Django, Vite and the C library say it."""
_PORT = re.compile(rb"(?:(?<=:)|(?<=port )|(?<=port=)|(?<=, ))(\d{3,5})\b(?![-./\d])", re.IGNORECASE)
"""A port where it is named as such; a number of the error, a date and a pid are none."""


class Blame(Enum):
    """What the last output of a server that has ended says of its port."""

    NONE = "none"
    """Nothing: it ended for another reason, or because of another port, such as that of its debugger."""
    PERHAPS = "perhaps"
    """Some address is in use, and it does not say which."""
    OURS = "ours"
    """Its port is named."""


def blame(output: bytes, port: int) -> Blame:
    """Read what a server has printed last."""
    found = Blame.NONE
    for line in output.splitlines():
        if _IN_USE.search(line):
            named = {int(each) for each in _PORT.findall(line)}
            if port in named:
                return Blame.OURS
            found = found if named else Blame.PERHAPS
    return found
