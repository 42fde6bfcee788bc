"""The summary report as Markdown, to be pasted into an issue. Whatever a process is called, it renders as text."""

import re
from collections.abc import Iterator

from portdash.model.snapshot import Snapshot
from portdash.report.content import LEGEND, Row, Section, compose
from portdash.report.record import Record
from portdash.report.redaction import Redaction
from portdash.report.scope import Scope

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~$&!]")


def report_markdown(
    snapshot: Snapshot,
    scope: Scope | None = None,
    redaction: Redaction | None = None,
    *,
    record: Record | None = None,
) -> str:
    """Return the report as Markdown with pipe tables; parameters are those of `report_text`. No newline ends it."""
    report = compose(snapshot, scope or Scope(workspace=snapshot.workspace), redaction or Redaction(), record)
    lines = [f"# {escape(report.title)}", "", *(f"- **{label}**: {escape(value)}" for label, value in report.facts)]
    for section in report.sections:
        lines += ["", f"## {escape(section.title)}", "", *_body(section)]
    return "\n".join([*lines, "", f"*{escape(LEGEND)}*"])


def escape(text: str) -> str:
    """Return cleaned `text` so that it is shown as it stands, in a table's cell and anywhere else within a line."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def table(headings: Row, rows: tuple[Row, ...]) -> Iterator[str]:
    """Yield a pipe table of cleaned cells."""
    yield _line(headings)
    yield _line(("---",) * len(headings))
    yield from (_line(tuple(map(escape, row))) for row in rows)


def _line(cells: Row) -> str:
    return f"| {' | '.join(cells)} |"


def _body(section: Section) -> Iterator[str]:
    if section.rows:
        yield from table(section.columns, section.rows)
    elif section.lines:
        yield from (f"- {escape(line)}" for line in section.lines)
    else:
        yield escape(section.empty)
