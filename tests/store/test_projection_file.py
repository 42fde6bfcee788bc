"""The committed file on a real disk: links, modes, checkouts in between, full and failing disks, kills, and git."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from store_kills import Told, hold, told
from store_world import HOST, applied, batch, claim, filled, key, ports, projected, row
from test_store_disk import WORKER, mounted

from portdash import files
from portdash.errors import StoreFileInvalid
from portdash.files import TEMPORARY, sweep
from portdash.store.projection.projected import ProjectedStore
from portdash.store.sqlite import SqliteStore

SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
Open = Callable[..., ProjectedStore]


@pytest.fixture
def opened(path: Path, committed: Path) -> Open:
    """Open the projected store anew, as another process would."""

    def make(file: Path = committed, **said: object) -> ProjectedStore:
        return projected(SqliteStore(path, host=HOST), file, path.parent, **said)

    return make


def names(directory: Path) -> list[str]:
    return sorted(each.name for each in directory.iterdir())


def test_the_mode_of_the_file_is_kept(opened: Open, committed: Path):
    filled(opened(), ["web"])
    committed.chmod(0o640)
    filled(opened(), ["api"], first=4001)
    assert committed.stat().st_mode & 0o777 == 0o640


def test_a_links_target_is_replaced_and_the_link_stays(opened: Open, committed: Path, home: Path):
    target = home / "elsewhere.json"
    committed.symlink_to(target)
    filled(opened(), ["web"])
    assert committed.is_symlink()
    assert json.loads(target.read_bytes()) == {"web": 4000}
    filled(opened(target), ["api"], first=4001)
    assert ports(opened()) == {"web": 4000, "api": 4001}


def test_a_link_out_of_a_project_that_is_not_trusted_is_not_followed(opened: Open, committed: Path, home: Path):
    target = home / "elsewhere.json"
    target.write_text('{"web": 4000}\n')
    committed.symlink_to(target)
    store = opened(within=committed.parent)
    assert "it is a link that leaves the project" in store.snapshot().notices[0]
    with pytest.raises(StoreFileInvalid, match="leaves the project") as caught:
        store.apply(batch(claim(row("api", 4001))))
    assert "portdash trust" in caught.value.hint
    assert target.read_text() == '{"web": 4000}\n'
    committed.unlink()
    committed.symlink_to(committed.with_name("ports.json"))
    filled(store, ["api"], first=4001)
    assert names(committed.parent) == ["port_assignments.json", "ports.json"]


def test_a_checkout_in_between_is_merged_and_not_overwritten(
    opened: Open, committed: Path, monkeypatch: pytest.MonkeyPatch
):
    filled(opened(), ["web"])
    plain = files.write_new
    swaps = [b'{\n  "db": 4500,\n  "web": 4000\n}\n']

    def write_while_git_does(path: Path, content: bytes, mode: int, like: os.stat_result | None) -> None:
        plain(path, content, mode=mode, like=like)
        if swaps:
            other = committed.with_name("other")
            other.write_bytes(swaps.pop())
            other.replace(committed)

    monkeypatch.setattr(files, "write_new", write_while_git_does)
    store = opened()
    applied(store, claim(row("api", 4001)))
    assert ports(store) == {"web": 4000, "api": 4001, "db": 4500}
    assert json.loads(committed.read_bytes()) == {"web": 4000, "api": 4001, "db": 4500}
    assert names(committed.parent) == ["port_assignments.json"]


def test_a_file_that_never_rests_is_given_up(opened: Open, committed: Path, monkeypatch: pytest.MonkeyPatch):
    filled(opened(), ["web"])
    plain = files.write_new
    turn = iter(range(1000))

    def write_while_others_do(path: Path, content: bytes, mode: int, like: os.stat_result | None) -> None:
        plain(path, content, mode=mode, like=like)
        committed.write_text('{"web": 4000}' + "\n" * next(turn))

    monkeypatch.setattr(files, "write_new", write_while_others_do)
    told: list[str] = []
    store = opened(tell=told.append)
    applied(store, claim(row("api", 4001)))
    assert len(told) == 1
    assert "the change is stored, but" in told[0]
    assert names(committed.parent) == ["port_assignments.json"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_costs_the_file_and_not_the_change(
    opened: Open, committed: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
):
    told: list[str] = []
    store = opened(tell=told.append)
    filled(store, ["web"])
    before = committed.read_bytes()

    def fail(*_arguments: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(f"portdash.store.projection.committed_file.os.{call}", fail)
        applied(store, claim(row("api", 4001)))
        assert told == [f"the change is stored, but {committed} cannot be written: {os.strerror(code)}"]
        assert f"{committed} does not say what is stored" in store.snapshot().notices[0]
        assert committed.read_bytes() == before
        assert names(committed.parent) == ["port_assignments.json"]
    assert ports(opened()) == {"web": 4000, "api": 4001}
    assert json.loads(committed.read_bytes()) == {"web": 4000, "api": 4001}


@pytest.mark.needs_linux
def test_a_full_disk_is_said_and_the_assignment_is_stored(tmp_path: Path):
    (tmp_path / "disk").mkdir()
    script = 'exec "$0" "$1" commit "$(dirname "$2")"'
    answer = mounted(tmp_path / "disk", "64k", script)
    file = tmp_path / "disk" / "port_assignments.json"
    assert answer["applied"]
    during, after = answer["during"], answer["after"]
    assert isinstance(during, dict)
    assert isinstance(after, dict)
    assert during["untouched"]
    assert during["told"] == [f"the change is stored, but {file} cannot be written: No space left on device"]
    assert during["notices"]
    assert answer["names"] == ["ballast", "port_assignments.json"]
    assert after == {"file": {"web": 4000, "api": 4001, "db": 4002}, "notices": []}


@pytest.mark.faults
@pytest.mark.needs_linux
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is missing")
@pytest.mark.parametrize("failing", range(1, 10))
def test_any_sync_may_fail(committed: Path, failing: int):
    directory = committed.parent
    state = directory / "state"
    store = projected(SqliteStore(state / "portdash.db", host=HOST), committed, state)
    filled(store, ["web"])
    inject = f"inject=fsync,fdatasync:error=EIO:when={failing}"
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", inject]
    done = subprocess.run(
        [*command, sys.executable, WORKER, "commit_one", directory],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if "ptrace" in done.stderr:
        pytest.skip("tracing is not allowed here")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert json.loads(committed.read_bytes()) in ({"web": 4000}, {"web": 4000, "more": 4100})
    assert names(directory) == ["port_assignments.json", "state"]
    held = ports(projected(SqliteStore(state / "portdash.db", host=HOST), committed, state))
    if answer["code"] is None:
        assert answer["applied"]
        assert held == {"web": 4000, "more": 4100}
    else:
        assert held in ({"web": 4000}, {"web": 4000, "more": 4100})
    assert json.loads(committed.read_bytes()) == held


def test_what_crashes_left_is_swept_after_an_hour_and_nothing_else(committed: Path):
    old, fresh, other = (committed.with_name(name) for name in (f".old{TEMPORARY}", f".new{TEMPORARY}", ".mine"))
    for each in (old, fresh, other):
        each.write_text("x")
        os.utime(each, (1000, 1000))
    os.utime(fresh, (4000, 4000))
    kept = [committed.with_name(f".{kind}{TEMPORARY}") for kind in ("directory", "link")]
    kept[0].mkdir()
    kept[1].symlink_to(other)
    sweep(committed.parent, now=5000)
    assert names(committed.parent) == sorted(each.name for each in (fresh, other, *kept))
    sweep(committed.parent / "missing")


def test_an_edit_as_quick_as_the_clock_is_seen(opened: Open, committed: Path):
    store = opened()
    filled(store, ["web"])
    for port in range(4010, 4060):
        stamp = committed.stat()
        with committed.open("r+b") as file:  # in place, as long as before
            file.write(b'{\n  "web": %d\n}\n' % port)
        os.utime(committed, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        assert ports(store) == {"web": port}


class TestProcesses:
    """Several processes on one file, and the sudden end of some."""

    def check(self, file: Path, found: Told) -> None:
        state = file.parent / "state"
        store = projected(SqliteStore(state / "portdash.db", host=HOST), file, state)
        held = ports(store)
        hold(held, found)
        assert json.loads(file.read_bytes()) == held
        assert store.snapshot().notices == ()
        for each in file.parent.glob(f".*{TEMPORARY}"):
            os.utime(each, (1000, 1000))
        filled(store, ["afterwards"], first=40000)
        assert names(file.parent) == ["port_assignments.json", "state"]

    def killed(self, file: Path, rounds: int, seed: int) -> None:
        done = subprocess.run(
            [sys.executable, WORKER, "kills", file, str(rounds), str(seed)],
            check=True,
            capture_output=True,
            timeout=900,
        )
        found = told(json.loads(done.stdout))
        assert found.changes >= rounds
        assert rounds < 200 or None in found.kept.values(), "some of them were given back"
        self.check(file, found)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")
    def test_a_killed_writer_loses_nothing(self, committed: Path):
        self.killed(committed, 8, seed=1)

    @pytest.mark.faults
    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")
    def test_two_hundred_killed_writers_lose_nothing(self, committed: Path):
        for seed in range(2, 2 + SCALE):
            directory = committed.parent / str(seed)
            directory.mkdir()
            self.killed(directory / committed.name, 200, seed)

    def test_four_processes_commit_at_once(self, committed: Path):
        arguments = [[sys.executable, WORKER, "claims", committed, str(number), "6"] for number in range(4)]
        workers = [
            subprocess.Popen(each, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for each in arguments
        ]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        answers = [json.loads(worker.communicate(timeout=120)[0]) for worker in workers]
        acknowledged = {name: port for answer in answers for name, port in answer["got"].items()}
        assert len(acknowledged) == 24
        self.check(committed, Told(acknowledged))


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
class TestGit:
    """Branches, merges and checkouts, as real git does them."""

    @pytest.fixture
    def git(self, committed: Path) -> Callable[..., str]:
        def run(*arguments: str) -> str:
            said = ["-c", "user.name=dev", "-c", "user.email=dev@example.com", "-c", "commit.gpgsign=false"]
            done = subprocess.run(
                ["git", *said, *arguments], cwd=committed.parent, capture_output=True, text=True, check=False
            )
            return done.stdout + done.stderr

        run("init", "-q", "-b", "main")
        return run

    def test_services_added_on_two_branches_merge(self, git: Callable[..., str], opened: Open, committed: Path):
        store = opened()
        filled(store, ["api", "mail", "web"])
        git("add", "."), git("commit", "-qm", "ports"), git("checkout", "-qb", "feature")
        applied(store, claim(row("admin", 4100)))
        git("commit", "-qam", "admin"), git("checkout", "-q", "main")
        assert "admin" not in ports(store)
        applied(store, claim(row("nats", 4200)))
        git("commit", "-qam", "nats")
        assert "CONFLICT" not in git("merge", "-q", "--no-edit", "feature")
        merged = {"admin": 4100, "api": 4000, "mail": 4001, "nats": 4200, "web": 4002}
        assert ports(store) == merged
        assert list(json.loads(committed.read_bytes()).items()) == list(merged.items())
        assert git("status", "--porcelain") == ""

    def test_an_unfinished_merge_is_named_and_finished_by_hand(
        self, git: Callable[..., str], opened: Open, committed: Path
    ):
        store = opened()
        filled(store, ["web"])
        git("add", "."), git("commit", "-qm", "ports"), git("checkout", "-qb", "feature")
        applied(store, claim(row("web", 4100), expected=store.snapshot().assignments[key("web")].revision))
        git("commit", "-qam", "one"), git("checkout", "-q", "main")
        applied(store, claim(row("web", 4200), expected=store.snapshot().assignments[key("web")].revision))
        git("commit", "-qam", "other")
        assert "CONFLICT" in git("merge", "feature")
        before = committed.read_bytes()
        assert "a merge is unfinished: <<<<<<< stands there" in store.snapshot().notices[0]
        assert ports(store) == {"web": 4200}
        assert committed.read_bytes() == before
        git("checkout", "--theirs", committed.name)
        assert ports(store) == {"web": 4100}

    def test_switching_branches_switches_the_ports(self, git: Callable[..., str], opened: Open):
        store = opened()
        filled(store, ["web"])
        git("add", "."), git("commit", "-qm", "ports"), git("checkout", "-qb", "feature")
        applied(store, claim(row("web", 4100), expected=store.snapshot().assignments[key("web")].revision))
        git("commit", "-qam", "moved")
        for branch, port in (("main", 4000), ("feature", 4100), ("main", 4000)):
            git("checkout", "-q", branch)
            assert ports(store) == {"web": port}
            assert git("status", "--porcelain") == ""
