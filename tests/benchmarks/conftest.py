"""Lets the benchmarks import their timing helpers, and the planner's builder of worlds."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.with_name("planning"))]
