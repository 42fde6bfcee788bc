"""The summary report as plain text."""

from collections.abc import Iterator

from portdash.model.snapshot import Snapshot
from portdash.report.content import LEGEND, Section, compose
from portdash.report.record import Record
from portdash.report.redaction import Redaction
from portdash.report.scope import Scope
from portdash.text import columns

_INDENT = "  "


def report_text(
    snapshot: Snapshot,
    scope: Scope | None = None,
    redaction: Redaction | None = None,
    *,
    record: Record | None = None,
) -> str:
    """Return the report for a terminal or an e-mail, without a newline at its end.

    Without a scope it is about the snapshot's workspace. Ages are those at the moment of the
    snapshot. Without a `redaction` secrets are masked and paths left as they are. `record` is what history says.
    """
    report = compose(snapshot, scope or Scope(workspace=snapshot.workspace), redaction or Redaction(), record)
    lines = [report.title, "", *columns(report.facts)]
    for section in report.sections:
        lines += ["", section.title.upper(), *_body(section)]
    return "\n".join([*lines, "", LEGEND])


def _body(section: Section) -> Iterator[str]:
    if section.rows:
        yield from (_INDENT + line for line in columns([tuple(map(str.upper, section.columns)), *section.rows]))
    elif section.lines:
        yield from (_INDENT + line for line in section.lines)
    else:
        yield _INDENT + section.empty
