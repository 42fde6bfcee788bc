"""What the kernel that runs the tests can tell."""

import os
import re
import sys


def tells_bound() -> bool:
    """Say whether the kernel lists sockets that are bound and do not listen: since Linux 6.8."""
    return sys.platform == "linux" and tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) >= (6, 8)
