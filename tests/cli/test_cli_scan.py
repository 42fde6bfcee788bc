"""`portdash scan`: hard-coded ports of a project, beside what is assigned."""

import os
import subprocess
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash, is_harmless

FILES = {
    "api/app.py": 'PORT = int(os.getenv("API_PORT", "4000"))\nVISION = "http://localhost:8084"\n',
    "web/server.js": "app.listen({web});\n",
    "web/vite.config.ts": "export default {{ server: {{ port: {wish} }} }};\n",
    "node_modules/x/index.js": "app.listen(9999);\n",
    "Dockerfile": "EXPOSE 8000\n",
    "README.md": "Open http://localhost:9998\n",
    "dist/app.js": "app.listen(9997)\n",
    "package-lock.json": '{{"port": 9996}}\n',
}


@pytest.fixture
def sample(project: Path, portdash: Portdash, free_port: FreePort) -> dict[str, int]:
    """A project in two languages, of whose services one got another port than it asked for."""
    web, wish = free_port(), free_port()
    (project / "portdash.toml").write_text("[services.api]\nbase = 8000\n")
    portdash("alloc", "api")
    portdash("alloc", f"web={web}")
    (project / "portdash.toml").write_text(f"[services.api]\nbase = 8000\n[services.web]\npreferred = [{wish}]\n")
    for name, text in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text.format(web=web, wish=wish))
    return {"web": web, "wish": wish}


def test_what_differs_and_what_is_fine(portdash: Portdash, sample: dict[str, int]):
    web, wish = sample["web"], sample["wish"]
    result = portdash("scan")
    assert result.code == 1
    assert result.out.splitlines() == [
        "Dockerfile:1:8: 8000 inside a container: fine: EXPOSE 8000",
        'api/app.py:1:35: 4000 default of API_PORT: fine: PORT = int(os.getenv("API_PORT", "4000"))',
        'api/app.py:2:28: 8084 not assigned: VISION = "http://localhost:8084"',
        f"web/server.js:1:12: {web} matches web: app.listen({web});",
        f"web/vite.config.ts:1:34: {wish} differs from web ({web}): export default {{ server: {{ port: {wish} }} }};",
    ]
    assert result.err == "5 hard-coded ports in 4 files: 1 differ, 1 not assigned, 3 fine\n"


def test_only_what_is_to_be_put_right(portdash: Portdash, sample: dict[str, int]):
    assert len(portdash("scan", "-q").out.splitlines()) == 2
    assert [each["port"] for each in portdash("scan", "-q", "--json").document["findings"]] == [8084, sample["wish"]]


def test_a_part_of_it_and_one_file(portdash: Portdash, sample: dict[str, int]):
    assert "web/server.js:1:12" in portdash("scan", "web").out
    result = portdash("scan", "web/server.js")
    assert (result.code, len(result.out.splitlines())) == (0, 1)
    assert "web/server.js:1:12" in result.out
    assert sample


@pytest.mark.parametrize("name", ["README", "notes.md", "start", "settings.strange"])
def test_a_file_that_is_named_is_looked_into_whatever_it_is(portdash: Portdash, project: Path, name: str):
    (project / name).write_text("open http://localhost:9998 with --port 9997\n")
    assert [each["port"] for each in portdash("scan", name, "--json").document["findings"]] == [9998, 9997]


def test_documentation_only_when_asked(portdash: Portdash, sample: dict[str, int]):
    assert "README" not in portdash("scan").out
    assert "README.md:1:23: 9998 not assigned" in portdash("scan", "--docs").out
    assert sample


def test_what_might_stand_instead(portdash: Portdash, sample: dict[str, int], project: Path):
    before = (project / "web/vite.config.ts").read_text()
    result = portdash("scan", "--fix", "-q")
    assert (
        f"  + export default {{ server: {{ port: Number(process.env.WEB_PORT ?? {sample['web']}) }} }};" in result.out
    )
    assert "`portdash add vision" in result.out or "`portdash add NAME --preferred 8084`" in result.out
    assert (project / "web/vite.config.ts").read_text() == before
    (finding,) = (each for each in portdash("scan", "--fix", "--json").document["findings"] if each["advice"])
    assert finding["port"] == 8084
    assert finding["replacement"] is None


def test_the_document(portdash: Portdash, sample: dict[str, int], project: Path):
    document = portdash("scan", "web", "--json").document
    assert list(document) == ["schema_version", "path", "files", "skipped", "unshown", "findings"]
    assert document["path"] == str(project / "web")
    assert document["findings"][0] == {
        "file": "server.js",
        "line": 1,
        "column": 12,
        "port": sample["web"],
        "kind": "listen",
        "name": None,
        "text": f"app.listen({sample['web']});",
        "verdict": "matches",
        "service": "web",
        "assigned": sample["web"],
        "fine": True,
    }


def test_a_port_of_another_workspace(portdash: Portdash, home: Path, project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(home)
    portdash("alloc", "hrm", "--preferred", "8085")
    (project / "a.go").write_text('var endpoint = "http://localhost:8085"\n')
    monkeypatch.chdir(project)
    result = portdash("scan")
    assert "a.go:1:34: 8085 assigned to default/hrm" in result.out
    assert result.code == 1


@pytest.mark.usefixtures("project")
def test_nothing_to_find(portdash: Portdash):
    result = portdash("scan")
    assert (result.code, result.out, result.err) == (0, "", "0 hard-coded ports in 0 files\n")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("path", ["nope", "x" * 5000])
def test_a_path_that_is_not_there(portdash: Portdash, path: str):
    result = portdash("scan", path)
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1


@pytest.mark.needs_linux
def test_strange_files_are_skipped_and_said(portdash: Portdash, project: Path):
    (project / "ok.py").write_text("port = 9999\n")
    os.mkfifo(project / "pipe.py")
    (project / "binary.py").write_bytes(b"port = 9999\0")
    with (project / "sparse.json").open("wb") as file:
        file.truncate(1024**3)
    (project / "loop").symlink_to(project)
    result = portdash("scan")
    assert result.out == "ok.py:1:8: 9999 not assigned: port = 9999\n"
    assert "not looked into: 1 larger than 1 MiB, 1 no plain files and 1 not text" in result.err
    assert portdash("scan", "--json").document["skipped"] == {"binary": 1, "no_file": 1, "too_large": 1}


@pytest.mark.needs_linux
def test_nothing_found_can_speak_to_the_terminal_or_tells_a_password(portdash: Portdash, project: Path):
    name = os.fsdecode(b"a\xe9\x1b[31m.py")
    (project / name).write_bytes(b'port = 9999  # \x1b]52;c;eA==\x07 \xff\n"redis://me:hunter2@localhost:6379"\n')
    for command in (["scan"], ["scan", "--fix"], ["scan", "--json"]):
        result = portdash(*command)
        assert is_harmless(result.out + result.err)
        assert "hunter2" not in result.out
        assert "9999" in result.out


@pytest.mark.needs_program("git")
def test_what_git_ignores_is_left_out(portdash: Portdash, home: Path, monkeypatch: pytest.MonkeyPatch):
    top = home / "repo"
    (top / "gen").mkdir(parents=True)
    subprocess.run(["git", "init", "-q"], cwd=top, check=True)
    (top / ".gitignore").write_text("gen/\n")
    (top / "gen" / "a.py").write_text("port = 9999\n")
    (top / "b.py").write_text("port = 9998\n")
    monkeypatch.chdir(top)
    assert [each["port"] for each in portdash("scan", "--json").document["findings"]] == [9998]
