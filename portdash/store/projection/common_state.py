"""What a committed file said when it and the rows last agreed, whose rows those are, and the lock of the file.

All is kept in the state directory and named after the file's real path: links to one file share it, and nothing of it
lies in the project. A state that is missing or cannot be read only means that the next contact is a first one.
"""

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from portdash.errors import UsageError
from portdash.model.ports import check_port
from portdash.record import record
from portdash.store import trouble
from portdash.text import clean

DIRECTORY = "projections"
"""Below the state directory."""


@record
class Agreed:
    """What the file and the rows said when they last agreed."""

    ports: Mapping[str, int]
    """By folded name."""
    revision: int
    """The authority's, then."""
    owner: tuple[str, ...]
    """The scope whose rows they are."""


class CommonState:
    """The last common state of the file at `real` and the rows of some scope."""

    def __init__(self, state_dir: Path, real: str) -> None:
        self._directory = state_dir / DIRECTORY
        self._real = real
        self._path = self._directory / f"{_digest(real)}.json"
        self.lock_path = str(self._directory / f"{_digest(real)}.lock")

    def load(self) -> "Agreed | None":
        """Return the last common state, None when there is none."""
        try:
            found = json.loads(self._path.read_bytes())
            ports = {str(name): check_port(port) for name, port in found["ports"].items()}
            return Agreed(ports, int(found["revision"]), tuple(map(str, found["owner"])))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, UsageError):
            return None

    def save(self, agreed: "Agreed") -> None:
        """Note what the file and the rows say now. Raises OSError.

        Not synced: a common state that a power loss takes back makes the file's entries edits again that the rows
        already follow.
        """
        file, ports = clean(self._real, limit=None), dict(sorted(agreed.ports.items()))
        state = {"file": file, "owner": agreed.owner, "revision": agreed.revision, "ports": ports}
        text = json.dumps(state, indent=1)
        temporary = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}.tmp")
        try:
            temporary.write_text(text + "\n", "utf-8")
            temporary.replace(self._path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def make_directory(self) -> None:
        """Make the directory of the lock file, for this user alone. Raises StoreError."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise trouble.from_os(error, str(self._directory), writing=True) from error


def _digest(real: str) -> str:
    return sha256(os.fsencode(real)).hexdigest()[:32]
