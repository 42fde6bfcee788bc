"""A child with a terminal of its own, under one of ours."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

pytestmark = pytest.mark.needs_linux

SERVER = f"{sys.executable} {Path(__file__).with_name('supervised_server.py')}"


@pytest.fixture
def terminal(project: Path, home: Path) -> Iterator[pexpect.spawn]:
    """A shell in a terminal."""
    environ = {**os.environ, "HOME": str(home), "PS1": "$ ", "TERM": "xterm", "ENV": ""}
    child = pexpect.spawn(
        "/bin/sh", cwd=project, env=environ, dimensions=(20, 90), timeout=60, encoding="utf-8", use_poll=True
    )
    child.expect_exact("$ ")
    yield child
    if child.isalive():  # pexpect itself gives a killed process a tenth of a second to be gone
        child.kill(signal.SIGKILL)
        child.wait()
    child.close()


def run(terminal: pexpect.spawn, command: str) -> None:
    terminal.sendline(f"{sys.executable} -m portdash run web -- {command}; echo status=$?")


def test_the_child_has_our_window_our_keys_and_its_own_ctrl_c(terminal: pexpect.spawn):
    run(terminal, "sh -c 'test -t 0 && test -t 1 && stty size; read word; echo got $word; exec sleep 60'")
    terminal.expect_exact("20 90")
    terminal.sendline("hello")
    terminal.expect_exact("got hello")
    terminal.sendcontrol("c")
    terminal.expect_exact("status=130")
    terminal.sendline("stty -a")
    assert terminal.expect([r"[^-]echo\b", r"-echo\b"]) == 0  # our own terminal is as it was


def test_what_ignores_one_ctrl_c_is_ended_by_two(terminal: pexpect.spawn):
    run(terminal, """sh -c "trap '' INT; echo deaf; while :; do sleep 1; done" """)
    terminal.expect(r"deaf\r")
    terminal.sendcontrol("c")
    terminal.sendcontrol("c")
    terminal.expect_exact("status=137")


def test_who_still_has_the_terminal_is_not_waited_for(terminal: pexpect.spawn):
    run(terminal, "sh -c 'setsid sleep 100 & echo left; exit 4'")
    terminal.expect(r"left\r")
    terminal.expect_exact("status=4")


def test_more_than_the_child_takes_can_be_pasted(terminal: pexpect.spawn):
    run(terminal, f"sh -c 'stty raw -echo; echo rea''dy; exec {SERVER}'")
    terminal.expect_exact("ready")
    terminal.expect(r"web is on")
    for _ in range(40):
        terminal.send("x" * 1000)
    terminal.sendcontrol("c")  # raw: it is a byte like the others
    terminal.sendcontrol("c")  # and the second one ends what does not listen
    terminal.expect_exact("status=137")


def test_where_it_serves_is_told(terminal: pexpect.spawn):
    run(terminal, SERVER)
    terminal.expect(r"web is on http://localhost:\d+ \(pid \d+\)\r")
    assert not re.search("Traceback", terminal.before or "")
    terminal.sendcontrol("c")
    terminal.expect_exact("status=130")
