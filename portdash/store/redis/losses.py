"""What a server has lost, seen from a machine that still knows it; and how that is put back.

A server that crashes without an append-only file, or a replica that takes over, comes back with an earlier past. Rows
of this machine are written only from here, so what the mirror knows of them is later than what the server has.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from portdash.identifiers import new_id
from portdash.model.assignment import Assignment, Source
from portdash.model.state import StoreState
from portdash.model.storage import Applied, Batch, Claim, Op, RecordWorkspace, Rejected
from portdash.text import plural

REASON = "the server had lost it"


def batches(known: StoreState, found: StoreState, *, host: str, at: float) -> Iterator[Batch]:
    """Yield what puts workspaces and rows of `host` back: a batch a workspace, so that services may have swapped.

    Services come before those that inherit their ports. Each is claimed as it was, on the row that is there now.
    """
    for workspace in known.workspaces:
        if workspace not in found.workspaces:
            yield _batch([RecordWorkspace(host, workspace)], workspace=workspace.name, at=at)
    lost = (row for row in known.assignments.values() if row.key.host == host and not _is_there(row, found))
    in_order = sorted(lost, key=lambda each: (each.key.workspace, each.source is Source.INHERITED, each.key))
    for name, rows in groupby(in_order, lambda each: each.key.workspace):
        yield _batch([_claim(row, found) for row in rows], workspace=name, at=at)


def put_back(
    store: Callable[[Batch], Applied | Rejected | None], batches: Iterable[Batch]
) -> tuple[int, tuple[str, ...]]:
    """Store batches; return how many services are back, and why others are not.

    One that is refused is taken apart, so that what cannot be had does not keep the rest. Raises what `store` raises.
    """
    back, failed, left = 0, [], deque(batches)
    while left:
        batch = left.popleft()
        answer = store(batch)
        if not isinstance(answer, Rejected):
            back += sum(1 for op in batch.ops if isinstance(op, Claim))
        elif len(batch.ops) == 1:
            failed.append(answer.detail)
        else:
            left.extend(_batch([op], workspace=batch.workspace, at=batch.at) for op in batch.ops)
    return back, tuple(failed)


def notice(known: StoreState, found: StoreState, *, back: int, failed: Iterable[str]) -> str:
    """Return what people have to know of it: `failed` says what could not be put back."""
    past = f"it knew revision {known.revision}, and came back with {found.revision}"
    parts = [f"the store's server has lost changes: {past}", *([f"{plural(back, 'service')} put back"] if back else [])]
    return "; ".join((*parts, *failed))


def _batch(ops: list[Op], *, workspace: str, at: float) -> Batch:
    title = "put back what the server had lost"
    return Batch(id=new_id(), title=title, workspace=workspace, actor="portdash", at=at, ops=tuple(ops))


def _claim(row: Assignment, found: StoreState) -> Op:
    there = found.assignments.get(row.key)
    return Claim(options=(row,), expected=there.revision if there else None, reason=REASON)


def _is_there(row: Assignment, found: StoreState) -> bool:
    there = found.assignments.get(row.key)
    return there is not None and (there.port, there.source, there.spec) == (row.port, row.source, row.spec)
