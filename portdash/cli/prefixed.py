"""The output of several services in one stream: whole lines, each behind the name of whose it is."""

import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

import click

from portdash.cli.output import carried, wants_colour
from portdash.supervisor.lines import Lines
from portdash.supervisor.log_lines import shown
from portdash.text import clean

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue")
"""In turn; red is for what is wrong."""


class Prefixed:
    """Writes what services print. Their colours reach a terminal, and no other command of theirs does."""

    def __init__(self, names: Sequence[str]) -> None:
        self._width = max(map(len, names), default=0)
        self._colours = {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(names)}
        self._lines: defaultdict[tuple[str, int], Lines] = defaultdict(Lines)

    def hear(self, name: str, number: int, data: bytes) -> None:
        """Take a piece of a service's output (1) or errors (2); no bytes at its end."""
        lines = self._lines[name, number]
        whole = lines.add(data)
        if not data and (rest := lines.rest()):
            whole.append(rest)
        self.write(name, whole, sys.stdout if number == 1 else sys.stderr)

    def write(self, name: str, lines: Sequence[bytes], stream: TextIO) -> None:
        """Write whole lines; who reads no more is no reason to end."""
        if not lines:
            return
        colours = wants_colour(stream)
        prefix = f"{clean(name):<{self._width}} |"
        prefix = click.style(prefix, fg=self._colours.get(name)) if colours else prefix
        text = "".join(f"{prefix} {shown(line, colours=colours)}\n" for line in lines)
        with suppress(OSError, ValueError):
            stream.write(carried(stream, text))
            stream.flush()
