"""How the child of a `run` came to its end last: kept beside its log, for whoever asks why it does not run."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from portdash.files import replace_file
from portdash.model.assignment import ServiceKey
from portdash.supervisor.logs import log_path, open_log
from portdash.text import clean

_LARGEST = 100
"""Bytes that one can have; what is longer is something else."""
_ASKED = "asked"


class LastEnd(NamedTuple):
    """One end."""

    at: float
    """Unix time in seconds."""
    status: int | None
    """The exit status as a shell has it, 128 and more for a signal; None where somebody asked it to end."""


def end_path(log: Path) -> Path:
    """Return where the last end of the service with this log is kept."""
    return log.with_suffix(".end")


def keep_end(path: Path, end: LastEnd | None) -> None:
    """Keep an end in the place of the one before; None where there is none, for it begins. Raises OSError."""
    if end is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    said = _ASKED if end.status is None else str(end.status)
    replace_file(path, f"{end.at:.3f} {said}\n".encode(), mode=0o600)


def note_end(state_dir: Path, key: ServiceKey, end: LastEnd | None, say: Callable[[str], None]) -> None:
    """Keep an end, None where it begins; that it could not be kept is said, and no reason not to run."""
    try:
        keep_end(end_path(log_path(state_dir, key)), end)
    except OSError as error:
        say(f"warning: how {clean(key.service)} ended is not noted: {error.strerror or error}")


def read_end(path: Path) -> LastEnd | None:
    """Return the end that is kept; None where none is, or what is there cannot be read or is none."""
    try:
        with open_log(path) as file:
            at, said = file.read(_LARGEST).decode("ascii").split()
        return LastEnd(float(at), None if said == _ASKED else int(said))
    except (ValueError, OSError):
        return None
