"""A handler for Python's logging that shows portdash's log as its readers know it."""

import logging
from typing import TextIO

from portdash.text import clean, fit, signed


class LogHandler(logging.StreamHandler[TextIO]):
    """Writes to a stream (standard error unless told otherwise) one clean line a record, tracebacks aside.

    A record that has a sign begins with it where the stream is UTF-8, and is the bare text elsewhere; any other record
    begins with the name of its logger.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, and what the stream can carry of it."""
        text = clean(record.getMessage(), limit=None)
        sign: object = getattr(record, "sign", None)
        named = f"portdash: {record.name}: {text}"
        line = signed(self.stream, sign, text) if isinstance(sign, str) else named
        if record.exc_info:
            trace = logging.Formatter().formatException(record.exc_info)
            line = "\n".join((line, *(clean(line, limit=None) for line in trace.splitlines())))
        return fit(self.stream, line)
