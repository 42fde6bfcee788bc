"""A `json:` store as a person meets it: the committed file of a project, edited by hand, by git and by portdash."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash, Server, is_harmless

import portdash as library

PYTHON_SYSTEM = {
    "http-server": 4000, "postgres": 4001, "mongo": 4002, "redis": 4003, "elasticsearch": 4004, "grafana": 4005,
    "prometheus": 4006,
}  # fmt: skip


@pytest.fixture
def file(project: Path) -> Path:
    """Where the committed file of the project goes."""
    (project / "portdash.toml").write_text('store = "json:port_assignments.json"\n')
    return project / "port_assignments.json"


def write(file: Path, **ports: int) -> bytes:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(ports, indent=2, sort_keys=True) + "\n")
    return file.read_bytes()


def read(file: Path) -> dict[str, int]:
    found = json.loads(file.read_bytes())
    assert isinstance(found, dict)
    return found


def services(portdash: Portdash) -> dict[str, int]:
    return {each["name"]: each["port"] for each in portdash("status", "--json").document["services"]}


def test_the_python_systems_file_is_read_and_written_as_it_is(project: Path, portdash: Portdash):
    (project / "portdash.toml").write_text('store = "json:config/port_assignments.json"\n')
    file = project / "config" / "port_assignments.json"
    before = write(file, **PYTHON_SYSTEM)
    assert services(portdash) == PYTHON_SYSTEM
    assert portdash("get", "http-server").out == "4000\n"
    assert file.read_bytes() == before
    portdash("allocate", "my-service")
    new = read(file).pop("my-service")
    assert new not in PYTHON_SYSTEM.values()
    assert read(file) == {**PYTHON_SYSTEM, "my-service": new}
    assert portdash("release", "my-service").code == 0
    assert file.read_bytes() == before


def test_the_first_allocation_makes_the_file(file: Path, portdash: Portdash, free_port: FreePort):
    assert portdash("status").code == 0
    assert not file.exists()
    port = free_port()
    assert portdash("allocate", "web", "--preferred", str(port)).out == f"{port}\n"
    assert file.read_text() == f'{{\n  "web": {port}\n}}\n'
    assert portdash("status", "--json").document["store"]["url"] == f"json:{file}"


def test_get_sees_an_edit(file: Path, portdash: Portdash):
    write(file, web=20001)
    assert portdash("get", "web").out == "20001\n"
    write(file, web=20002)
    assert portdash("get", "web").out == "20002\n"
    write(file)
    assert portdash("get", "web").code == 3


def test_an_edit_can_be_undone(file: Path, portdash: Portdash):
    write(file, web=20001)
    portdash("status")
    write(file, web=20002)
    assert services(portdash) == {"web": 20002}
    assert portdash("undo", "--yes").code == 0
    assert read(file) == {"web": 20001}
    assert portdash("get", "web").out == "20001\n"


def test_what_is_declared_is_kept_with_the_service(file: Path, project: Path, portdash: Portdash):
    with (project / "portdash.toml").open("a") as config:
        config.write(
            '[services.web]\npurpose = "the front"\npreferred = 20005\n[services.admin]\ninherit_from = "web"\n'
        )
    write(file, web=20001, admin=20001)
    web, admin = sorted(portdash("status", "--json").document["services"], key=lambda each: each["name"], reverse=True)
    assert (web["purpose"], web["preferred"], web["source"]) == ("the front", [20005], "fallback")
    assert (admin["port"], admin["source"]) == (20001, "inherited")
    write(file, web=20003, admin=20001)
    assert services(portdash) == {"web": 20003, "admin": 20003}
    assert read(file) == {"web": 20003, "admin": 20003}


class TestNoMap:
    """A file that is no map of ports."""

    CONTENT = '{\n  "web": 20001,\n<<<<<<< HEAD\n  "api": 20002\n=======\n  "api": 20003\n>>>>>>> feature\n}\n'

    @pytest.fixture
    def broken(self, file: Path, portdash: Portdash) -> Path:
        write(file, web=20001)
        portdash("status")
        file.write_text(self.CONTENT)
        return file

    def test_what_only_reads_works_and_warns(self, broken: Path, portdash: Portdash):
        result = portdash("get", "web")
        assert (result.code, result.out) == (0, "20001\n")
        assert f"portdash: warning: {broken}:3: a merge is unfinished: <<<<<<< stands there" in result.err
        result = portdash("status")
        assert result.code == 0
        assert f"{broken}:3: a merge is unfinished" in result.err
        assert broken.read_text() == self.CONTENT

    @pytest.mark.parametrize("arguments", [["allocate", "api"], ["release", "web"], ["move", "web", "20009"]])
    def test_what_would_write_it_is_refused(self, broken: Path, portdash: Portdash, arguments: list[str]):
        result = portdash(*arguments)
        assert result.code == 5
        assert f"portdash: error: {broken}:3: a merge is unfinished" in result.err
        assert result.err.count("portdash: error") == 1
        assert broken.read_text() == self.CONTENT
        assert services(portdash) == {"web": 20001}

    def test_as_json_it_has_a_code(self, broken: Path, portdash: Portdash):
        document = portdash("allocate", "api", "--json").document
        assert document["error"]["code"] == "store_file_invalid"
        assert f"{broken}:3" in document["error"]["message"]

    def test_two_names_for_one_variable_are_refused(self, file: Path, portdash: Portdash):
        file.write_text('{\n  "my-web": 20001,\n  "my_web": 20002,\n  "web": 20000\n}\n')
        for command in (["allocate", "api"], ["store", "import", str(file), "--yes"]):
            result = portdash(*command)
            assert result.code in (2, 5)
            assert f"{file}:3: my_web and my-web would both be exported as MY_WEB_PORT" in result.err
        assert portdash("get", "my-web").code == 3
        assert portdash("export", "--format", "sh").code == 0

    def test_hostile_text_is_harmless(self, file: Path, portdash: Portdash):
        file.write_bytes('{"we\x1b]52;c;aGk=\x07b": 1, "\u202e": 2}'.encode())
        for command in (["status"], ["allocate", "web"], ["get", "web"], ["store", "info"]):
            result = portdash(*command)
            assert is_harmless(result.out + result.err)

    @pytest.mark.parametrize("content", ['{"web": 1, "web": 2}', '{"web": true}', "[]", "", '{"web": {"a": 1}}', "\0"])
    def test_nothing_is_ever_read_as_empty(self, file: Path, portdash: Portdash, content: str):
        write(file, web=20001)
        portdash("status")
        file.write_text(content)
        assert services(portdash) == {"web": 20001}
        assert portdash("allocate", "api").code == 5
        assert file.read_text() == content

    def test_a_pipe_does_not_hang(self, file: Path, program: Portdash):
        os.mkfifo(file)
        result = program("status", cwd=file.parent)
        assert result.code == 0
        assert "is not an ordinary file" in result.err


def test_read_only_writes_nothing(file: Path, portdash: Portdash, home: Path):
    write(file, web=20001)
    portdash("status")
    before = write(file, web=20002)
    state = {each: each.read_bytes() for each in (home / ".local").rglob("*") if each.is_file()}
    result = portdash("--read-only", "get", "web")
    assert result.out == "20001\n"
    assert "is not applied: nothing may be written" in result.err
    assert portdash("--read-only", "allocate", "api").code == 6
    assert file.read_bytes() == before
    assert {each: each.read_bytes() for each in (home / ".local").rglob("*") if each.is_file()} == state


def test_a_file_that_cannot_be_written_is_said_and_the_port_is_had(
    file: Path, portdash: Portdash, free_port: FreePort, monkeypatch: pytest.MonkeyPatch
):
    write(file, web=20001)
    portdash("status")

    def refuse(*_arguments: object) -> None:
        raise OSError(30, "Read-only file system")

    port = free_port()
    with monkeypatch.context() as patched:
        patched.setattr("portdash.store.projection.committed_file.os.replace", refuse)
        result = portdash("allocate", "api", "--preferred", str(port))
    assert (result.code, result.out) == (0, f"{port}\n")
    assert f"warning: the change is stored, but {file} cannot be written: Read-only file system" in result.err
    assert read(file) == {"web": 20001}
    portdash("status")
    assert read(file) == {"web": 20001, "api": port}


def test_a_stranger_s_link_out_of_the_project_is_not_followed(project: Path, portdash: Portdash, home: Path):
    target = home / "precious.json"
    target.write_text("{}\n")
    (project / "ports.json").symlink_to(target)
    (project / "portdash.toml").write_text('store = "json:ports.json"\n')
    result = portdash("allocate", "web")
    assert result.code == 0
    assert target.read_text() == "{}\n"
    assert "store is ignored" in portdash("status").err


@pytest.mark.parametrize("way", ["flag", "variable"])
def test_a_flag_or_variable_names_the_file(
    project: Path, portdash: Portdash, way: str, monkeypatch: pytest.MonkeyPatch
):
    flags = ["--store", "json:ports.json"] if way == "flag" else []
    if way == "variable":
        monkeypatch.setenv("PORTDASH_STORE", "json:ports.json")
    assert portdash(*flags, "allocate", "web").code == 0
    assert list(read(project / "ports.json")) == ["web"]
    assert portdash("get", "web").code == 0, "the authority knows it, whatever store is named"


def test_the_library_commits_too(file: Path, portdash: Portdash):
    manager = library.PortManager()
    port = manager.assign_port("web", "Main HTTP server")
    assert read(file) == {"web": port}
    write(file, web=20011)
    assert manager.get_port("web") == 20011
    manager.close()
    assert portdash("get", "web").out == "20011\n"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
class TestCheckouts:
    """Two checkouts of one project on one machine."""

    @pytest.fixture
    def git(self, file: Path) -> Callable[..., str]:
        def run(*arguments: str, cwd: Path = file.parent) -> str:
            said = ["-c", "user.name=dev", "-c", "user.email=dev@example.com", "-c", "commit.gpgsign=false"]
            done = subprocess.run(["git", *said, *arguments], cwd=cwd, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            return done.stdout

        shutil.rmtree(file.parent / ".git")
        run("init", "-q", "-b", "main")
        return run

    def test_a_worktree_has_ports_of_its_own_and_the_same_file(
        self, git: Callable[..., str], file: Path, program: Portdash, server: Server, free_port: FreePort
    ):
        web = free_port()
        while (api := free_port()) != web + 1:
            web = api
        before = write(file, web=web, api=api)
        assert program("status", cwd=file.parent).code == 0
        git("add", "."), git("commit", "-qm", "ports")
        tree = file.parent.parent / "fix"
        git("worktree", "add", "-q", str(tree))
        busy = free_port()
        server(busy)
        result = program("status", cwd=tree)
        assert "on this machine only, and not in" in result.err
        assert f"web has {program('get', 'web', cwd=tree).out.strip()} ({web} is shop/web's)" in result.err
        mine = {each["name"]: each for each in program("status", "--json", cwd=tree).document["services"]}
        ports = {each["port"] for each in mine.values()}
        assert len(ports) == 2
        assert not ports & {web, api, busy}
        assert {each["home"] for each in mine.values()} == {web, api}
        assert (tree / file.name).read_bytes() == before
        assert git("status", "--porcelain", cwd=tree) == ""
        assert program("get", "web", cwd=file.parent).out == f"{web}\n"

        program("release", "web", cwd=file.parent)
        result = program("allocate", "web", cwd=tree)
        assert f"web returns from {mine['web']['port']} to {web}" in result.err
        assert git("status", "--porcelain", cwd=tree) == ""

    def test_a_merge_of_two_worktrees(self, git: Callable[..., str], file: Path, home: Path, program: Portdash):
        write(file, api=20101, mail=20102, web=20103)
        program("status", cwd=file.parent)
        git("add", "."), git("commit", "-qm", "ports")
        tree = home / "src" / "fix"
        git("worktree", "add", "-q", "-b", "fix", str(tree))
        program("allocate", "admin", cwd=tree)
        git("commit", "-qam", "admin", cwd=tree)
        program("allocate", "zeta", cwd=file.parent)
        git("commit", "-qam", "zeta")
        git("merge", "-q", "--no-edit", "fix")
        assert list(read(file)) == ["admin", "api", "mail", "web", "zeta"]
        ports = {
            each["name"]: each["port"] for each in program("status", "--json", cwd=file.parent).document["services"]
        }
        assert list(ports) == list(read(file))
        assert git("status", "--porcelain") == ""


def test_who_changes_something_hears_that_the_projects_store_is_ignored(portdash: Portdash, project: Path, home: Path):
    (project / "ports.json").symlink_to(home / "elsewhere.json")
    (project / "portdash.toml").write_text('store = "json:ports.json"\n')
    result = portdash("allocate", "web")
    assert result.code == 0
    assert "store is ignored" in result.err
    assert not (home / "elsewhere.json").exists()
