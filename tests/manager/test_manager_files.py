"""What a manager keeps open of the machine is let go of when it is closed, not when it is collected."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs_linux

LISTEN = "import socket; s = socket.create_server(('127.0.0.1', 0)); print('ready', flush=True); input()"
LOOKS = """
import gc, os, portdash
gc.disable()
for _ in range(3):
    manager = portdash.PortManager()
    for _ in range(3):
        manager.conflicts()
    print(len(os.listdir("/proc/self/fd")))
    manager.close()
    print(len(os.listdir("/proc/self/fd")))
"""


def test_managers_that_were_closed_keep_no_files_open(home: Path):
    with subprocess.Popen([sys.executable, "-c", LISTEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout
        assert server.stdout.readline()
        done = subprocess.run([sys.executable, "-c", LOOKS], cwd=home, capture_output=True, text=True, check=True)
        server.kill()
    first, *rest = [int(word) for word in done.stdout.split()]
    assert rest[0] < first, "the server's process was kept open for the next look"
    assert set(rest[::2]) == {rest[0]}
