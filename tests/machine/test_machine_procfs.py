"""Raw reads of /proc, on the real one and on lines as hostile processes make them."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portdash.machine.files import read_small
from portdash.machine.procfs import CONTAINER, cgroup_of, parse_stat, read_stat, real_uid

REST = b" S 41 4121 4100 34816 4121 4194304 1 0 0 0 1 2 3 4 20 0 11 0 987654 1 2 3"


@pytest.mark.parametrize(
    "name", [b"node", b"a b", b")", b"(", b") R 1 1 1", b"x) S 2 (y", b"", b"\xff\x1b[31m", b"tmux: server"]
)
def test_a_name_cannot_forge_fields(name: bytes):
    stat = parse_stat(b"4121 (" + name + b")" + REST)
    assert stat is not None
    assert (stat.name, stat.state, stat.parent, stat.session) == (name, "S", 41, 4100)
    assert (stat.terminal, stat.ticks) == (34816, 987654)


@pytest.mark.parametrize("line", [b"", b"4121", b"4121 (node", b"4121 (node) S 1", b"4121 )( S" + b" 1" * 30])
def test_what_is_no_stat_line_is_none(line: bytes):
    assert parse_stat(line) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(data: bytes):
    stat = parse_stat(data)
    assert stat is None or stat.ticks is not None


@pytest.mark.needs_linux
def test_our_own_entry():
    stat = read_stat(os.getpid())
    assert (stat.parent, stat.session) == (os.getppid(), os.getsid(0))
    assert real_uid(os.getpid()) == os.geteuid()
    assert read_stat(2**22 + 1) is None
    assert real_uid(2**22 + 1) is None


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("0::/system.slice/nginx.service\n", "/system.slice/nginx.service"),
        ("9:name=systemd:/\n4:memory:/kept/x\n0::/\n", "/kept/x"),
        ("4:memory:/a\n1:name=systemd:/docker/" + "a" * 64 + "\n", "/docker/" + "a" * 64),
        ("0::/user.slice/odd:name.scope\n", "/user.slice/odd:name.scope"),
        ("", ""),
    ],
)
def test_control_groups_of_either_version(tmp_path: Path, text: str, path: str):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cgroup").write_text(text)
    assert cgroup_of(7, proc=str(tmp_path)) == path


@pytest.mark.parametrize(
    ("path", "engine"),
    [
        ("/docker/" + "0a" * 32, "docker"),
        ("/system.slice/docker-" + "0a" * 32 + ".scope", "docker"),
        ("/libpod_parent/libpod-" + "0a" * 32, "libpod"),
        ("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + "0a" * 32 + ".scope/container", "libpod"),
        ("/kubepods/besteffort/pod1/cri-containerd-" + "0a" * 32 + ".scope", "cri-containerd"),
    ],
)
def test_containers_are_seen_in_control_groups(path: str, engine: str):
    assert re.search(CONTAINER, path)["engine"] == engine


@pytest.mark.parametrize("path", ["/system.slice/docker.service", "/", "", "/user.slice/session-2.scope"])
def test_what_is_no_container(path: str):
    assert re.search(CONTAINER, path) is None


def test_small_files_only(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"x" * 100)
    assert read_small(tmp_path / "pipe") is None  # and it does not wait for a writer
    assert read_small(tmp_path) is None
    assert read_small(tmp_path / "none") is None
    assert read_small("a\0b") is None
    assert read_small("/dev/zero") is None
    assert read_small(tmp_path / "file", limit=10) == b"x" * 10
