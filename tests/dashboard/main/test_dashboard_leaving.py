"""Signals that ask the dashboard to leave: in order where that is possible, and in any case."""

import signal
import subprocess
import sys
from textwrap import dedent

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

STUCK = """
    import os, queue, signal
    from portdash.dashboard.leaving import Leaving

    asked = []

    def is_busy():
        asked.append(1)
        return len(asked) <= {busy_looks}

    with Leaving(is_busy, patience=0.02, busy_patience={busy_patience}):
        os.kill(os.getpid(), signal.{name})
        queue.Queue().get()
"""
LOOPING = """
    import asyncio, os, signal, sys
    from portdash.dashboard.leaving import Leaving

    async def main(leaving):
        code = asyncio.get_running_loop().create_future()
        {before}
        leaving.attend(code.set_result)
        {after}
        return await code

    with Leaving(lambda: False) as leaving:
        code = asyncio.run(main(leaving))
    print(f"left in order with {{code}}")
    print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
"""
KILL = "os.kill(os.getpid(), signal.SIGTERM)"


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", dedent(script)], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGQUIT"])
def test_a_process_that_is_stuck_ends_with_the_code_of_the_signal(name: str):
    ended = run(STUCK.format(busy_looks=0, busy_patience=60, name=name))
    assert ended.returncode == 128 + signal.Signals[name], ended.stderr


def test_a_plan_that_is_being_carried_out_is_waited_for():
    script = STUCK.format(busy_looks=20, busy_patience=60, name="SIGTERM")
    ended = run(
        "import os\n_exit = os._exit\nos._exit = lambda code: _exit(code if len(asked) > 20 else 1)" + dedent(script)
    )
    assert ended.returncode == 128 + signal.SIGTERM, ended.stderr


def test_a_plan_that_never_ends_is_not_waited_for_for_ever():
    ended = run(STUCK.format(busy_looks=10**9, busy_patience=0.1, name="SIGTERM"))
    assert ended.returncode == 128 + signal.SIGTERM, ended.stderr


@pytest.mark.parametrize(("before", "after"), [("", KILL), (KILL, "")], ids=["while it runs", "before it runs"])
def test_a_loop_that_goes_round_is_left_in_order(before: str, after: str):
    ended = run(LOOPING.format(before=before, after=after))
    assert ended.stdout.splitlines() == [f"left in order with {128 + signal.SIGTERM}", "True"], ended.stderr
