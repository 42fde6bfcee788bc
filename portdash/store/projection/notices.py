"""What a person should know about a committed file, a sentence each. Pure."""

from collections.abc import Iterator

from portdash.model.assignment import Source
from portdash.store.projection.scope import Scope
from portdash.store.projection.syncing import Agreement
from portdash.text import and_list, clean

_NAMED = 5
"""Services that a sentence names one by one."""


def notices(scope: Scope, agreement: Agreement, file: str) -> tuple[str, ...]:
    """Return what is worth saying about the file, whose path is `file`."""
    return tuple(_notices(scope, agreement, file))


def _notices(scope: Scope, agreement: Agreement, file: str) -> Iterator[str]:
    if agreement.pending:
        yield f"what was edited in {file} is not applied: {agreement.pending}"
    if agreement.unwritten:
        yield f"{file} does not say what is stored: it cannot be written ({agreement.unwritten})"
    if agreement.found.content is None and scope.rows(agreement.state):
        yield f"{file} is not there; the next change of a port writes it"
    if agreement.unplaced:
        names = and_list(map(clean, agreement.unplaced))
        yield f"{names}: the port in {file} is another workspace's, and no other is free"
    if not agreement.pending:
        yield from _local(scope, agreement, file)


def _local(scope: Scope, agreement: Agreement, file: str) -> Iterator[str]:
    """Say which services have another port here than the file says, and why."""
    owners = {
        (row.key.protocol, row.port): row
        for row in agreement.state.assignments.values()
        if row.key.host == scope.host and row.source is not Source.INHERITED
    }
    told = []
    for name, row in sorted(scope.rows(agreement.state).items()):
        committed = agreement.values.get(name)
        if committed is None or committed == row.port:
            continue
        owner = owners.get((row.key.protocol, committed))
        whose = f"{committed} is {clean(owner.key.workspace)}/{clean(owner.name)}'s" if owner else f"not {committed}"
        told.append(f"{clean(row.name)} has {row.port} ({whose})")
    if told:
        more = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
        yield f"on this machine only, and not in {file}: {', '.join(told[:_NAMED])}{more}"
