"""Full disks, directories that cannot be written, and a disk that fails: said plainly, and nothing lost."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from store_world import HOST, filled

from portdash.store.sqlite import SqliteStore

SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
WORKER = Path(__file__).with_name("store_worker.py")
MOUNT = 'mount -t tmpfs -o size="$3" tmpfs "$2" && '
WORK = 'exec "$0" "$1" '


def can_mount() -> bool:
    unshare = shutil.which("unshare")
    return bool(unshare) and not subprocess.run([unshare, "-Urm", "true"], check=False, capture_output=True).returncode


def mounted(directory: Path, size: str, script: str) -> dict[str, object]:
    """Run `script` with a small disk of its own at `directory`; $0 is Python, $1 the worker, $2 the directory."""
    if not can_mount():
        pytest.skip("no user namespaces: a small disk cannot be mounted")
    command = ["unshare", "-Urm", "sh", "-ec", MOUNT + script, sys.executable, str(WORKER), str(directory), size]
    answer = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert answer.returncode == 0, answer.stderr
    found: dict[str, object] = json.loads(answer.stdout.splitlines()[-1])
    return found


@pytest.mark.needs_linux
def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path):
    answer = mounted(tmp_path, "384k", WORK + 'fill "$2"')
    errors = answer["errors"]
    assert isinstance(errors, list)
    assert len(errors) == 3
    assert all(error.startswith("store_read_only: there is no space left for the store") for error in errors)
    assert not answer["lost"]
    assert answer["recovers"]
    assert answer["stored"]


@pytest.mark.needs_linux
def test_a_disk_mounted_for_reading_is_read_and_not_written(tmp_path: Path):
    script = '"$0" "$1" seed "$2"; mount -o remount,ro "$2"; ' + WORK + 'refused "$2"'
    answer = mounted(tmp_path, "1m", script)
    assert answer["names"] == ["web"]
    assert answer["code"] == "store_read_only"
    assert "permissions and free space" in str(answer["hint"])


@pytest.mark.needs_linux
def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path):
    answer = mounted(tmp_path, "1m", 'mount -o remount,ro "$2"; ' + WORK + 'refused "$2"')
    assert answer["names"] == []
    assert answer["code"] == "store_read_only"


@pytest.mark.needs_linux
@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
def test_another_users_store_is_not_ours_to_write(home: Path):
    outside = Path(str(home.parent)) / "open"
    store = SqliteStore(outside / "state" / "portdash.db", host=HOST)
    filled(store, ["web"])
    store.close()
    answer = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, str(WORKER), str(outside)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert found == {"read": "store_unavailable", "wrote": "store_read_only"}


_AS_NOBODY = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, str(Path(sys.argv[1]).parent))
from store_world import HOST, batch, claim, row
from portdash.errors import StoreError
from portdash.store.sqlite import SqliteStore
os.setgid(65534), os.setuid(65534)
store = SqliteStore(Path(sys.argv[2]) / "state" / "portdash.db", host=HOST)
def code(run):
    try:
        run()
    except StoreError as error:
        return error.code
print(json.dumps({"read": code(store.snapshot), "wrote": code(lambda: store.apply(batch(claim(row("api", 4100)))))}))
"""


traced = pytest.mark.skipif(not shutil.which("strace"), reason="strace is missing")


@pytest.mark.needs_linux
@traced
def test_a_change_is_acknowledged_when_the_head_of_the_journal_is_void_on_the_disk(home: Path):
    log = home / "calls"
    command = ["strace", "-f", "-y", "-qq", "-o", str(log), "-e", "trace=pwrite64,fsync,fdatasync,write"]
    answer = subprocess.run(
        [*command, sys.executable, WORKER, "refused", home / "disk"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if "ptrace" in answer.stderr:
        pytest.skip("tracing is not allowed here")
    assert answer.returncode == 0, answer.stderr
    calls = re.findall(r"(pwrite64|sync|write)\([0-9]+<[^>]*/(state|portdash\.db[a-z.-]*)>", log.read_text())
    order = [call for call, following in itertools.pairwise([*calls, None]) if call != following]
    journal, file = "portdash.db-journal", "portdash.db"
    assert order == [
        ("pwrite64", journal),  # how the pages were
        ("sync", journal),
        ("sync", "state"),
        ("pwrite64", journal),  # how many they are: from here on a crash is undone
        ("sync", journal),
        ("pwrite64", file),
        ("sync", file),
        ("pwrite64", journal),  # zeros: from here on it is done
        ("sync", journal),
        ("write", f"{file}.lock"),
    ]


def told_by(command: "list[Any]") -> "dict[str, Any]":
    """Return what a traced worker tells of its work; skip where tracing is not allowed."""
    answer = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    if "ptrace" in answer.stderr:
        pytest.skip("tracing is not allowed here")
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


@pytest.mark.faults
@pytest.mark.needs_linux
@traced
@pytest.mark.parametrize("failing", range(1, 7))
def test_a_sync_that_fails_is_an_error_and_what_was_stored_stays(home: Path, failing: int):
    directory = home / "disk"
    store = SqliteStore(directory / "state" / "portdash.db", host=HOST)
    filled(store, ["web"])
    inject = f"inject=fsync,fdatasync:error=EIO:when={failing}"
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", inject]
    found = told_by([*command, sys.executable, WORKER, "refused", directory])
    assert found["names"] == ["web"]
    held = {row.name for row in store.snapshot().assignments.values()}
    if found["code"] is None:
        assert held == {"web", "more"}
    else:
        # The last sync, of the journal, comes when the change is stored already: then an error only means "perhaps".
        assert found["code"] == "store"
        assert "may or may not be stored" in str(found["message"])
        assert held in ({"web"}, {"web", "more"})
    filled(store, ["afterwards"], first=5000)
    store.close()


def stumbling(directory: Path, calls: str, error: str, failing: "int | str") -> "dict[str, Any] | None":
    """Read and write while the call of that number to the store's files fails; None when there are not so many."""
    state, log = directory / "state", directory / "calls"
    files = [state, state / "portdash.db", state / "portdash.db-journal", state / "portdash.db.lock"]
    command = ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={calls}"]
    command += ["-e", f"inject={calls}:error={error}:when={failing}"]
    command += [argument for file in files for argument in ("-P", str(file))]
    found = told_by([*command, sys.executable, WORKER, "stumble", directory])
    return found if "INJECTED" in log.read_text() else None


@pytest.mark.needs_linux
@traced
@pytest.mark.parametrize("failing", ["1", "3", "5", "3+"])
def test_a_disk_that_cannot_be_read_is_not_a_damaged_file(home: Path, failing: str):
    directory = home / "disk"
    sound = SqliteStore(directory / "state" / "portdash.db", host=HOST)
    filled(sound, ["web"])
    sound.close()
    (directory / "state" / "portdash.db.lock").write_bytes(b"")  # without its seal the whole file is looked at
    found = stumbling(directory, "read,pread64", "EIO", failing)
    assert found is not None
    assert found["names"] is None
    assert found["codes"][0] == "store_unavailable"
    assert "cannot be read: " in found["said"][0]
    assert SqliteStore(directory / "state" / "portdash.db", host=HOST).snapshot().assignments


@pytest.mark.faults
@pytest.mark.needs_linux
@traced
@pytest.mark.parametrize(
    ("calls", "error", "least"),
    [
        ("pwrite64", "ENOSPC", 12),
        ("pwrite64", "EDQUOT", 12),
        ("pread64", "EIO", 12),
        ("fcntl", "ENOLCK", 10),
        ("openat", "EMFILE", 4),
        ("flock", "EINTR", 1),
        ("fdatasync", "EIO", 4),
    ],
)
def test_any_call_may_fail_and_the_store_is_as_before_or_as_after(home: Path, calls: str, error: str, least: int):
    directory = home / "disk"
    sound = SqliteStore(directory / "state" / "portdash.db", host=HOST)
    filled(sound, ["web"])
    sound.close()
    before = {each.name: each.read_bytes() for each in (directory / "state").iterdir()}
    failing, seen = 1, 0
    while found := stumbling(directory, calls, error, failing):
        failing, seen = failing + (1 if SCALE > 1 or least < 10 else 2), seen + 1
        store = SqliteStore(directory / "state" / "portdash.db", host=HOST)
        held = {row.name for row in store.snapshot().assignments.values()}
        assert found["names"] in (None, ["web"]), "never read as empty"
        assert "store_damaged" not in found["codes"], "it is the disk, and the file is as it was"
        assert held == {"web", "more"} or (held == {"web"} and not found["wrote"])
        assert found["wrote"] or found["codes"]
        filled(store, ["afterwards"], first=5000)
        store.close()
        for each in (directory / "state").iterdir():
            each.unlink()
        for name, content in before.items():
            (directory / "state" / name).write_bytes(content)
    assert seen >= least
