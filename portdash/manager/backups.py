"""A copy of a workspace's assignments, kept before they are given back."""

import glob
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from portdash.errors import PortdashError, StoreReadOnly
from portdash.identifiers import new_id
from portdash.machine.textfile import create_text
from portdash.manager.deps import Deps
from portdash.model.assignment import Assignment
from portdash.store.codec import assignment_body
from portdash.text import clean

DIRECTORY = "backups"
"""Of the copies, in the state directory."""
MOST = 20
"""Copies kept of a workspace in an environment."""
_VERSION = 1


def keep_backup(deps: Deps, rows: Sequence[Assignment], *, state: Path) -> Path:
    """Write the rows to a new file that only the user may read, and return where it is.

    `ports` is the plain map from service to port, `services` has all that is stored of each. Raises StoreReadOnly.
    """
    place, at = deps.place, datetime.fromtimestamp(deps.clock.now(), UTC)
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    path = state / DIRECTORY / f"{place.workspace.name}@{place.environment}-{stamp}-{new_id()[:6]}.json"
    document = {
        "version": _VERSION,
        "workspace": place.workspace.name,
        "root": place.workspace.root,
        "environment": place.environment,
        "taken_at": at.isoformat(timespec="seconds"),
        "ports": {row.name: row.port for row in rows},
        "services": [
            {"protocol": row.key.protocol.value, "port": row.port, "source": row.source.value, **assignment_body(row)}
            for row in rows
        ],
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        create_text(path, json.dumps(document, indent=2) + "\n", mode=0o600)
        earlier = sorted(path.parent.glob(f"{glob.escape(path.name.rpartition('-')[0].rpartition('-')[0])}-*.json"))
        for old in earlier[:-MOST]:
            old.unlink(missing_ok=True)
    except (OSError, PortdashError) as error:
        raise StoreReadOnly(f"no backup could be written to {clean(str(path), limit=None)}: {error}") from error
    return path
