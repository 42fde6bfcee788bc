"""The allocation summary: the block that readers of port logs know, line for line."""

from portdash.model.assignment import Assignment, Source
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.report.record import Record
from portdash.report.scope import Scope, workspace_label
from portdash.report.tally import tally
from portdash.text import clean

NAME_WIDTH = 20
PORT_WIDTH = 5
RULE = "=" * 50

_LABELS = {
    Source.PREFERRED: "✅ PREFERRED",
    # Two spaces: terminals draw this sign one cell wide and the next column of it too.
    Source.FALLBACK: "⚠️  FALLBACK",
    Source.INHERITED: "🔗 INHERITED",
    Source.DETECTED: "🔍 DETECTED",
    Source.SEQUENTIAL: "🔢 SEQUENTIAL",
    Source.OVERRIDE: "📌 OVERRIDE",
}
_COUNTED_BESIDE = (Source.INHERITED, Source.DETECTED, Source.SEQUENTIAL, Source.OVERRIDE)


def report_summary(snapshot: Snapshot, scope: Scope | None = None, *, record: Record | None = None) -> str:
    """Return the block for the services that have a port, in the order in which they got it; no newline at its end.

    Success rate is the share of services that have the port they asked for first. Counts of the other sources, and of
    the conflicts in `record`, appear only where there are any, so that the block for preferred and fallback alone is
    what it always was.
    """
    scope = scope or Scope(workspace=snapshot.workspace)
    views = sorted(
        (view for view in scope.services(snapshot) if view.assignment),
        key=lambda view: view.assignment.assigned_at if view.assignment else 0.0,
    )
    rows = [_row(_name(view, snapshot, scope), view.assignment) for view in views if view.assignment]
    figures = tally(views)
    return "\n".join(
        [
            "📊 PORT ALLOCATION SUMMARY:",
            RULE,
            *rows,
            RULE,
            "📈 Statistics:",
            f"   • Total services: {figures.services}",
            # The two spaces at the end of this line are the original's; who compares bytes finds them.
            f"   • Preferred ports: {figures.of(Source.PREFERRED)}  ",
            f"   • Fallback ports: {figures.of(Source.FALLBACK)}",
            *(
                f"   • {source.value.capitalize()} ports: {count}"
                for source in _COUNTED_BESIDE
                if (count := figures.of(source))
            ),
            f"   • Total attempts: {figures.attempts}",
            f"   • Success rate: {figures.success_rate}%",
            *([f"   • Conflicts: {record.conflicts_phrase}"] if record and record.found else ()),
        ]
    )


def _row(name: str, row: Assignment) -> str:
    return f"{name:<{NAME_WIDTH}} | Port: {row.port:<{PORT_WIDTH}} | {_LABELS[row.source]} | Attempts: {row.attempts}"


def _name(view: ServiceView, snapshot: Snapshot, scope: Scope) -> str:
    """Return the bare name where the scope already says the workspace."""
    if scope.workspace or scope.service:
        return clean(view.name)
    return clean(f"{workspace_label(snapshot, view.key.workspace)}/{view.name}")
