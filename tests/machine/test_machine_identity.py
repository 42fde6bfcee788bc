"""The host id, the boot id and the start of a process."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from portdash.errors import StoreUnavailable
from portdash.machine import identity
from portdash.machine.users import current_user, user_name


def test_the_id_is_made_once_and_kept_private(tmp_path: Path):
    state = tmp_path / "deep" / "state"
    assert identity.read_host_id(state) is None
    first = identity.host_id(state)
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert identity.host_id(state) == identity.read_host_id(state) == first
    assert stat.S_IMODE((state / "host-id").stat().st_mode) == 0o600
    assert [path.name for path in state.iterdir()] == ["host-id"]


def test_two_machines_differ(tmp_path: Path):
    assert identity.host_id(tmp_path / "a") != identity.host_id(tmp_path / "b")


def test_many_starting_at_once_agree(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from portdash.machine.identity import host_id\n"
        "print(end='.', flush=True); sys.stdin.read(); print(host_id(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "state")]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    for each in started:
        assert each.stdout.read(1) == "."
    for each in started:
        each.stdin.close()
    answers = {each.stdout.read().strip() for each in started}
    for each in started:
        each.stdout.close()
        assert each.wait() == 0
    assert len(answers) == 1
    assert answers == {identity.host_id(tmp_path / "state")}


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff\x00", b"A" * 32, b"0" * 31, b"0" * 33])
def test_garbage_is_refused_and_left_alone(tmp_path: Path, content: bytes):
    (tmp_path / "host-id").write_bytes(content)
    with pytest.raises(StoreUnavailable, match="host-id") as caught:
        identity.host_id(tmp_path)
    assert "restore" in caught.value.hint
    assert (tmp_path / "host-id").read_bytes() == content


def test_an_id_that_may_not_be_read_is_an_error(tmp_path: Path):
    (tmp_path / "host-id").mkdir()  # root reads every file, and nobody reads a directory as one
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        identity.host_id(tmp_path)


def test_where_nothing_can_be_written_the_id_is_derived_and_stable(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    first = identity.host_id(tmp_path / "file" / "state")
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert identity.host_id(tmp_path / "file" / "state") == first
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        if Path(path).exists():
            assert first not in Path(path).read_text()


def test_without_hard_links_the_id_is_still_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    state = tmp_path / "state"
    first = identity.host_id(state)
    assert identity.read_host_id(state) == first
    assert [path.name for path in state.iterdir()] == ["host-id"]


@pytest.mark.needs_linux
def test_boot_id_is_the_kernels():
    assert identity.boot_id() == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_boot_id_without_proc_comes_from_the_time_of_boot(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(identity, "_BOOT_ID", "/nowhere")
    assert re.fullmatch(r"boot-\d{9,}", identity.boot_id())


@pytest.mark.needs_linux
def test_start_ticks_tell_processes_apart():
    assert identity.start_ticks(os.getpid()) > 0
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert identity.start_ticks(gone.pid) is None


def test_users_have_names_and_unknown_ones_numbers():
    assert current_user() == user_name(os.geteuid())
    assert user_name(0) == "root"
    assert user_name(3_999_999_999) == "3999999999"


def test_reading_identity_and_workspace_loads_nothing_heavy():
    code = (
        "import sys, portdash.machine.identity, portdash.machine.projects\n"
        "heavy = {'psutil', 'tomllib', 'json', 'subprocess', 'socket', 'hashlib', 'asyncio', 'textual', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "[]\n"


def test_an_id_that_is_no_file_is_refused_and_does_not_hang(tmp_path: Path):
    os.mkfifo(tmp_path / "host-id")
    with pytest.raises(StoreUnavailable, match="host-id is not the id of a machine"):
        identity.host_id(tmp_path)
    (tmp_path / "host-id").unlink()
    (tmp_path / "host-id").symlink_to("/dev/zero")
    with pytest.raises(StoreUnavailable, match="host-id is not the id of a machine"):
        identity.host_id(tmp_path)
