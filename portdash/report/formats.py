"""The formats a report comes in, by name."""

from enum import StrEnum

from portdash.model.snapshot import Snapshot
from portdash.report.as_json import report_json
from portdash.report.markdown import report_markdown
from portdash.report.record import Record
from portdash.report.redaction import Redaction
from portdash.report.scope import Scope
from portdash.report.summary import report_summary
from portdash.report.text import report_text


class ReportFormat(StrEnum):
    """What `--format` takes."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    SUMMARY = "summary"


def render(
    snapshot: Snapshot,
    scope: Scope,
    report_format: ReportFormat = ReportFormat.TEXT,
    redaction: Redaction | None = None,
    *,
    record: Record | None = None,
) -> str:
    """Return the report about `scope` in that format, without a newline at its end; `record` is what history says."""
    match report_format:
        case ReportFormat.TEXT:
            return report_text(snapshot, scope, redaction, record=record)
        case ReportFormat.MARKDOWN:
            return report_markdown(snapshot, scope, redaction, record=record)
        case ReportFormat.JSON:
            return report_json(snapshot, scope, redaction, record=record)
        case ReportFormat.SUMMARY:
            return report_summary(snapshot, scope, record=record)
