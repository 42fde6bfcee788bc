"""In which pane of tmux a process runs. Nobody's environment is read: tmux itself knows its panes by pid."""

import os
import time
from collections.abc import Sequence

from portdash.machine.keepers import keeper_of
from portdash.machine.procfs import PROC, open_files, read
from portdash.model.listener import Process
from portdash.record import record

_FRESH = 30.0
"""Seconds for which an answer counts: windows are renumbered now and then."""
_PATIENCE = 0.5
"""Seconds that a server which does not answer may cost."""
_LARGEST_TABLE = 4 * 1024 * 1024


@record
class _Answer:
    at: float
    panes: dict[int, str]
    """`1.0` by the pid of the program that the pane was opened with."""


class Panes:
    """Knows the panes of our own tmux servers; each is asked once in half a minute at most."""

    def __init__(self) -> None:
        self._answers: dict[tuple[int, int], _Answer] = {}

    def place(self, owner: Process, chain: Sequence[Process]) -> str | None:
        """Return `1.0` (window and pane) for a process with these ones above it, None where tmux does not say."""
        below = owner
        for process in chain:
            keeper = keeper_of(process.name or "", process.command or ())
            if keeper and keeper.label == "tmux":
                return self._of_server(process).get(below.pid)
            below = process
        return None

    def _of_server(self, server: Process) -> dict[int, str]:
        key, now = (server.pid, server.ticks), time.monotonic()
        answer = self._answers.get(key)
        if answer is None or now - answer.at > _FRESH:
            path = listening_path(server.pid)
            answer = self._answers[key] = _Answer(now, _ask(path) if path else {})
        return answer.panes


def listening_path(pid: int, *, proc: str = PROC) -> str | None:
    """Return the path of the Unix socket on which a process listens, None where there is none or it is hidden."""
    links = open_files(pid, proc=proc)
    for line in (read(f"{proc}/net/unix", _LARGEST_TABLE) or b"").splitlines():
        fields = line.split(None, 7)
        if len(fields) == 8 and fields[3] == b"00010000" and f"socket:[{fields[6].decode('ascii')}]" in links:
            return os.fsdecode(fields[7])
    return None


def _ask(path: str) -> dict[int, str]:
    """Ask the tmux server at `path` for its panes; one that does not answer has none for us."""
    import subprocess  # noqa: PLC0415 (only where something runs in tmux)

    command = ("tmux", "-S", path, "list-panes", "-a", "-F", "#{pane_pid} #{window_index}.#{pane_index}")
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        import logging  # noqa: PLC0415 (3 ms, only where something is odd)

        logging.getLogger(__name__).debug("tmux at %s: %s", path, error)
        return {}
    return parse_panes(done.stdout)


def parse_panes(told: bytes) -> dict[int, str]:
    """Return window and pane by pid from lines such as `4110 1.0`; other lines say nothing."""
    panes: dict[int, str] = {}
    for line in told.split(b"\n"):
        pid, _, place = line.partition(b" ")
        window, _, pane = place.partition(b".")
        if pid.isdigit() and window.isdigit() and pane.isdigit():
            panes[int(pid)] = place.decode("ascii")
    return panes
