"""Lets the tests of discovery import the servers of the tests of health."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "health"))
