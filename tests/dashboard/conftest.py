"""What every test of the dashboard gets: `scenes` and `fakes`, a cursor that does not blink, toasts that stay."""

import pytest
from textual.notifications import Notification
from textual.widgets import Input


@pytest.fixture(autouse=True)
def _still_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Input, "cursor_blink", False)


@pytest.fixture(autouse=True)
def _lasting_toasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine what was said for four seconds is gone before a test gets to look at it."""
    monkeypatch.setattr(Notification, "has_expired", False)
