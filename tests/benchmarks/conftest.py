"""Lets the benchmarks import their timing helpers, the planner's worlds, and the words of the stores' tests."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.with_name("planning")), str(HERE.with_name("store"))]
