"""Lets the benchmarks import their timing helpers, the planner's worlds, and the words of the stores' tests."""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.with_name("planning")), str(HERE.with_name("store"))]


@pytest.fixture(autouse=True)
def _no_garbage_of_others() -> Iterator[None]:
    """Keep what earlier benchmarks made out of the collector's way: who comes later would pay for looking at it."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
