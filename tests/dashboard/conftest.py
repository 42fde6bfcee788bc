"""What every test of the dashboard gets: `scenes` and `fakes` to import, and a cursor that does not blink."""

import pytest
from textual.widgets import Input


@pytest.fixture(autouse=True)
def _still_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Input, "cursor_blink", False)
