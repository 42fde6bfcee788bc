"""Of an environment only the variables that are looked for come out, and of those only what looks as it should."""

import gc
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portdash.machine.environ import ALLOWED, hints_from, read_hints
from portdash.machine.local import LocalMachine
from portdash.machine.processes import Processes
from portdash.machine.procfs import ENVIRONMENT_BYTES
from portdash.model.listener import NO_HINTS, Hints

SECRET = "hunter2-of-the-test"  # noqa: S105
CHILD = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""


def test_what_is_told():
    data = b"\0".join(
        (
            *(b"npm_lifecycle_event=dev", b"npm_package_name=@shop/web", b"PORT=3000", b"pm_id=0", b"name=api one"),
            *(b"PORTDASH_SERVICE=web", b"PORTDASH_WORKSPACE=shop~1a2b", b"TOKEN=x", b""),
        )
    )
    assert hints_from(data) == Hints(
        script="dev",
        package="@shop/web",
        port=3000,
        pm2="api one",
        service="web",
        workspace="shop~1a2b",
    )


@pytest.mark.parametrize(
    "entry",
    [
        b"PORT=" + SECRET.encode(),
        b"PORT=0",
        b"PORT=99999",
        b"PORT=\xd9\xa3",
        b"name=api",  # not pm2's without its pm_id
        b"npm_package_name=\x1b[31m",
        b"npm_lifecycle_event=dev\nx",
        b"npm_lifecycle_event",
        b"npm_lifecycle_event=npx",
        b"PORTDASH_SERVICE=a/b",
        b"XPORT=3000",
        b"port=3000",
    ],
)
def test_what_looks_odd_is_nothing(entry: bytes):
    assert hints_from(entry) == NO_HINTS


def test_the_first_of_two_counts_and_one_that_was_cut_does_not():
    assert hints_from(b"PORT=1\0PORT=2\0").port == 1
    cut = b"A=" + b"x" * (ENVIRONMENT_BYTES - 9) + b"\0PORT=30"
    assert len(cut) >= ENVIRONMENT_BYTES - 1
    assert hints_from((b"A=" + b"x" * ENVIRONMENT_BYTES)[: ENVIRONMENT_BYTES - 8] + b"\0PORT=30").port is None


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_whatever_bytes_there_are_what_comes_out_can_be_shown(data: bytes):
    for each in fields(Hints):
        value = getattr(hints_from(data), each.name)
        assert not isinstance(value, str) or value.isprintable()


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(ALLOWED)), st.binary(max_size=12).filter(lambda each: b"\0" not in each)))
def test_every_value_looks_as_it_should(variables: dict[bytes, bytes]):
    found = hints_from(b"\0".join(name + b"=" + value for name, value in variables.items()))
    told = {str(value).encode() for each in fields(Hints) if isinstance(value := getattr(found, each.name), str)}
    assert told <= set(variables.values())


@pytest.mark.needs_linux
class TestProcesses:
    def test_no_other_value_of_a_real_environment_is_kept_anywhere(self, tmp_path: Path):
        environ = {"PATH": os.environ["PATH"], "SECRET": SECRET, "PORT": "4242", "name": SECRET, "X_TOKEN": SECRET}
        with subprocess.Popen(
            [sys.executable, "-c", CHILD], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            port = int(child.stdout.readline())
            table = Processes()
            machine = LocalMachine(tmp_path, processes=table)
            (found,) = [each for each in machine.listeners() if each.port == port]
            child.stdin.close()
        assert found.hints == Hints(port=4242)
        kept = [repr(each) for each in gc.get_objects() if type(each) in (Hints, LocalMachine, Processes)]
        told = repr((found, vars(table), vars(machine), machine.listeners()))
        assert SECRET not in told
        assert not any(SECRET in each for each in kept)
        assert not any(SECRET.encode() in each for each in gc.get_objects() if type(each) is bytes)

    def test_what_may_not_be_read_tells_nothing(self, tmp_path: Path):
        assert read_hints(7, proc=str(tmp_path)) == NO_HINTS
        (tmp_path / "7").mkdir()
        (tmp_path / "7/environ").write_bytes(b"")
        assert read_hints(7, proc=str(tmp_path)) == NO_HINTS
        assert Processes(proc=str(tmp_path)).hints(7) == NO_HINTS

    def test_a_settled_process_is_asked_once(self, tmp_path: Path):
        entry = tmp_path / "7"
        entry.mkdir()
        (entry / "stat").write_text("7 (node) S 1 7 999 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0\n")
        (entry / "environ").write_bytes(b"PORT=3000\0")
        table = Processes(proc=str(tmp_path))
        assert table.hints(7).port == 3000
        (entry / "environ").unlink()
        assert table.hints(7).port == 3000
