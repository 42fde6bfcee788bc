"""What was agreed to before a port is freed, and the tool that does it where ending a process is not the way."""

import shlex
from enum import StrEnum

from portdash.record import record
from portdash.text import clean


class Allowance(StrEnum):
    """One thing that is only done when it was asked for by name."""

    KILL = "kill"
    """Whoever has not ended in time is killed, and saves nothing."""
    OTHER_USER = "other user"
    """Processes of other users are ended too; only an administrator can."""
    DATA = "data"
    """Databases are ended too."""


@record
class Tool:
    """What stops a server for good where its process would only be started again."""

    stops: str
    """`the unit web.service`, `node 4121 under pm2`."""
    argv: tuple[str, ...]
    """The command, word by word: it goes through no shell."""
    environ: tuple[tuple[str, str], ...] = ()
    """Variables it needs besides ours."""


def spelled(tool: Tool) -> str:
    """Return the command as a person would type it."""
    words = [*(f"{name}={shlex.quote(value)}" for name, value in tool.environ), shlex.join(tool.argv)]
    return clean(" ".join(words), limit=None)
