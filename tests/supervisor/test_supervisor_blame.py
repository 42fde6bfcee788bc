"""What servers print when a port is not to be had."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portdash.supervisor.blame import Blame, blame


@pytest.mark.parametrize(
    "line",
    [
        "Error: listen EADDRINUSE: address already in use :::4100",
        "Error: listen EADDRINUSE: address already in use 127.0.0.1:4100",
        "Error: Port 4100 is already in use",
        "Port 4100 is in use by another program. Either identify and stop that program, or start with another port.",
        "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 4100): address already in use",
        "[2026-11-28 18:00:01 +0000] [12345] [ERROR] Connection in use: ('127.0.0.1', 4100)",
        "listen tcp :4100: bind: address already in use",
        'Address already in use - bind(2) for "127.0.0.1" port 4100 (Errno::EADDRINUSE)',
    ],
)
def test_its_port_is_named(line: str):
    assert blame(line.encode(), 4100) is Blame.OURS
    assert blame(line.encode(), 9229) is Blame.NONE


@pytest.mark.parametrize(
    "line",
    [
        "OSError: [Errno 98] Address already in use",
        "Error: That port is already in use.",
        "2026/11/28 18:00:01 [emerg] bind() failed (98: Address already in use)",
    ],
)
def test_some_address_is_in_use(line: str):
    assert blame(line.encode(), 4100) is Blame.PERHAPS


def test_the_port_of_something_else_is_not_its_own():
    lines = b"Starting inspector on 127.0.0.1:9229 failed: address already in use\nserving on :4100\nexit 3\n"
    assert blame(lines, 4100) is Blame.NONE
    assert blame(lines + b"Error: Port 4100 is in use\n", 4100) is Blame.OURS


@given(st.binary(), st.integers(1, 65535))
def test_any_output_can_be_read(output: bytes, port: int):
    assert blame(output, port) in Blame
