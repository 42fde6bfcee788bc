"""What is made of descriptors that a process inherits, and the systems where it inherits none."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from portdash.cli.context import Globals
from portdash.cli.replicas import run_replicas
from portdash.cli.running import Stage, run_service
from portdash.cli.upping import bring_up
from portdash.errors import ExitCode, UsageError
from portdash.manager.wishes import Wish
from portdash.supervisor.handing import check_can_hand


@pytest.mark.parametrize("platform", ["linux", "darwin", "freebsd14"])
def test_elsewhere_it_can_be_done(platform: str):
    check_can_hand("`up`", platform=platform)


def test_on_windows_it_is_a_wrong_use_that_says_what_works():
    with pytest.raises(UsageError, match="`up` cannot be done on Windows") as caught:
        check_can_hand("`up`", platform="win32")
    assert caught.value.exit_code is ExitCode.USAGE
    assert "portdash run NAME" in caught.value.hint


PLAIN = Stage(
    command=("true",), strategy=None, another=False, hands_socket=False, restart=False, injects=True, detaches=False
)
WEB = Wish(name="web")


@pytest.mark.parametrize(
    "begin",
    [
        lambda: bring_up(Globals(), (), detaches=False),
        lambda: run_service(Globals(), WEB, replace(PLAIN, detaches=True)),
        lambda: run_service(Globals(), WEB, replace(PLAIN, hands_socket=True)),
        lambda: run_replicas(Globals(), WEB, PLAIN, 2),
    ],
    ids=["up", "run -d", "run --fd", "run --replicas"],
)
def test_it_is_said_before_a_port_is_given(monkeypatch: pytest.MonkeyPatch, begin: Callable[[], int]):
    monkeypatch.setattr(check_can_hand, "__kwdefaults__", {"platform": "win32"})
    with pytest.raises(UsageError, match="on Windows"):
        begin()
