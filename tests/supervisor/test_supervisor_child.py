"""The end of a child is seen at once, whatever the system has for it and whoever keeps its output open."""

import asyncio
import errno
import os
import signal
from pathlib import Path

import pytest

from portdash.supervisor.child import CannotStart, start

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sh")

LIMIT = 30.0


@pytest.fixture(params=["as it is", "refused", "unknown"])
def _pidfd(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Systems that watch a process by a descriptor, that refuse to (a sandbox), and that know no such thing (macOS)."""

    def refuse(pid: int, flags: int = 0) -> int:
        raise OSError(errno.ENOSYS, f"{pid} {flags}")

    if request.param == "refused":
        monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    elif request.param == "unknown":
        monkeypatch.delattr(os, "pidfd_open", raising=False)


@pytest.mark.usefixtures("_pidfd")
def test_the_end_is_seen_though_a_daemon_of_its_has_its_output(tmp_path: Path):
    heard: list[tuple[int, bytes]] = []

    async def see() -> int:
        line = "sleep 300 & echo $!; echo trouble >&2; exit 7"
        child = await start(
            ("sh", "-c", line), environ=dict(os.environ), cwd=tmp_path, sink=lambda *each: heard.append(each)
        )
        try:
            return await asyncio.wait_for(child.wait(), LIMIT)
        finally:
            os.kill(int(b"".join(data for number, data in heard if number == 1)), signal.SIGKILL)
            await child.stop(grace=1.0)

    assert asyncio.run(see()) == 7
    assert b"".join(data for number, data in heard if number == 2) == b"trouble\n"


@pytest.mark.usefixtures("_pidfd")
def test_all_that_was_printed_is_heard_before_the_end(tmp_path: Path):
    size = 0

    def count(_number: int, data: bytes) -> None:
        nonlocal size
        size += len(data)

    async def see() -> int:
        command = ("sh", "-c", "head -c 3000000 /dev/zero; kill -9 $$")
        child = await start(command, environ=dict(os.environ), cwd=tmp_path, sink=count)
        status = await asyncio.wait_for(child.wait(), LIMIT)
        await child.stop(grace=1.0)
        return status

    assert (asyncio.run(see()), size) == (137, 3_000_000)


@pytest.mark.parametrize(("program", "status"), [("./no-such", 127), ("no-such-program", 127), ("./", 126)])
def test_what_cannot_be_started_has_the_status_of_env(tmp_path: Path, program: str, status: int):
    async def begin() -> None:
        await start((program,), environ=dict(os.environ), cwd=tmp_path, sink=lambda *_each: None)

    with pytest.raises(CannotStart) as caught:
        asyncio.run(begin())
    assert caught.value.status == status


def test_a_directory_that_is_gone_is_what_is_named(tmp_path: Path):
    gone = tmp_path / "gone"

    async def begin() -> None:
        await start(("sh",), environ=dict(os.environ), cwd=gone, sink=lambda *_each: None)

    with pytest.raises(CannotStart) as caught:
        asyncio.run(begin())
    assert (str(caught.value), caught.value.status) == (f"sh cannot be started: its directory {gone} is gone", 126)
