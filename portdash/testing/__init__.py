"""For the tests of programs that use portdash: real servers that misbehave when they are told to."""

from portdash.testing.instance import TestInstance

__all__ = ["TestInstance"]
