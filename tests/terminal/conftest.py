"""Dashboards in real terminals, ended after each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal_window import Open, Terminal


@pytest.fixture
def terminal(home: Path) -> Iterator[Open]:
    """Open dashboards; all are ended afterwards."""
    opened: list[Terminal] = []

    def start(
        *arguments: str, size: tuple[int, int] = (160, 45), cwd: Path = home, program: list[str] | None = None
    ) -> Terminal:
        opened.append(Terminal(list(arguments), size=size, cwd=cwd, program=program))
        return opened[-1]

    yield start
    for each in opened:
        each.end()
