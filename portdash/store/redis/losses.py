"""What a server has lost, seen from a machine that still knows it; and how that is put back.

A server that crashes without an append-only file, or a replica that takes over, comes back with an earlier past. Rows
of this machine are written only from here, so what the mirror knows of them is later than what the server has.
"""

from collections.abc import Iterator
from uuid import uuid4

from portdash.model.assignment import Assignment, Source
from portdash.model.storage import Batch, Claim, StoreState
from portdash.text import plural

REASON = "the server had lost it"


def batches(known: StoreState, found: StoreState, *, host: str, at: float) -> Iterator[Batch]:
    """Yield what puts the rows of `host` back, a batch each, so that one that cannot be had does not keep the others.

    Services come before those that inherit their ports. Each is claimed as it was, on the row that is there now.
    """
    lost = (row for row in known.assignments.values() if row.key.host == host and not _is_there(row, found))
    for row in sorted(lost, key=lambda each: (each.source is Source.INHERITED, each.key)):
        there = found.assignments.get(row.key)
        yield Batch(
            id=uuid4().hex,
            title=f"put back {row.name}",
            workspace=row.key.workspace,
            actor="portdash",
            at=at,
            ops=(Claim(options=(row,), expected=there.revision if there else None, reason=REASON),),
        )


def notice(known: StoreState, found: StoreState, *, back: int, failed: tuple[str, ...]) -> str:
    """Return what people have to know of it: `failed` says what could not be put back."""
    lost = (
        f"the store's server has lost changes: it knew revision {known.revision}, and came back with {found.revision}"
    )
    parts = [lost, *([f"{plural(back, 'service')} put back"] if back else []), *failed]
    return "; ".join(parts)


def _is_there(row: Assignment, found: StoreState) -> bool:
    there = found.assignments.get(row.key)
    return there is not None and (there.port, there.source, there.spec) == (row.port, row.source, row.spec)
