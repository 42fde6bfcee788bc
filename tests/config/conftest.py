"""The fixture of this room."""

from pathlib import Path

import pytest
from config_setting import Setting


@pytest.fixture
def setting(home: Path) -> Setting:
    """Return an empty home with a project in it."""
    return Setting(home)
