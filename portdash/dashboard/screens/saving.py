"""Writing a report to a file, never over another by accident."""

import os
from errno import EISDIR
from pathlib import Path

from portdash.report.formats import ReportFormat
from portdash.text import plural


class FileExists(Exception):
    """There is a file of that name, and nobody said it may go."""


def default_path(report_format: ReportFormat) -> Path:
    """Return the name a report is saved under unless another is given."""
    endings = {ReportFormat.MARKDOWN: "md", ReportFormat.JSON: "json"}
    return Path(f"./portdash-report.{endings.get(report_format, 'txt')}")


def save_report(path: str, report: str, *, home: Path, overwrite: bool) -> str:
    """Write `report` and return what was done. Raises FileExists, OSError."""
    target = home / path[2:] if path.startswith("~/") else Path(path)
    try:
        with target.open("w" if overwrite else "x", encoding="utf-8", errors="backslashreplace") as file:
            file.write(report + "\n")
    except FileExistsError as error:
        if target.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR)) from error
        raise FileExists from error
    return f"saved {plural(report.count(chr(10)) + 1, 'line')} in {target.absolute()}"
