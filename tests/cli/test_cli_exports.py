"""`export`, `env`, `url`, `snippet`, `compose check`: the ports of a workspace as its programs read them."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash, Server, is_harmless

FILES = (".env", ".env.compose", "port_exports.sh")


@pytest.fixture
def shop(project: Path, portdash: Portdash) -> Path:
    """A project with two services."""
    assert portdash("allocate", "web=21000", "api=22000").code == 0
    return project


def ports(portdash: Portdash) -> dict[str, int]:
    return {each["name"]: each["port"] for each in portdash("status", "--json").document["services"]}


def test_the_three_files(portdash: Portdash, shop: Path):
    web = ports(portdash)["web"]
    (shop / ".env").write_bytes(b"SECRET=abc\r\nNAME=x")
    result = portdash("export")
    assert (result.code, result.out) == (0, "")
    assert result.err.splitlines() == [f"{name} written" for name in FILES]
    assert (shop / ".env").read_bytes().startswith(b"SECRET=abc\r\nNAME=x\r\n")
    assert f"export WEB_PORT={web}\n" in (shop / "port_exports.sh").read_text()
    assert f"\nWEB_PORT={web}\n" in (shop / ".env.compose").read_text()
    before = {name: (shop / name).stat().st_mtime_ns for name in FILES}
    assert portdash("export").err.splitlines() == [f"{name} is up to date" for name in FILES]
    assert {name: (shop / name).stat().st_mtime_ns for name in FILES} == before


@pytest.mark.parametrize("arguments", [["--format", "sh"], [], ["--json"], ["-o", "ports.fish"]])
def test_where_no_service_has_a_port_that_is_said(portdash: Portdash, shop: Path, arguments: list[str]):
    (shop / "portdash.toml").write_text("[environments.staging]\n")
    said = "no service of shop has a port in staging: `portdash allocate NAME` gives it one"
    result = portdash("--environment", "staging", "export", *arguments)
    assert result.code == 0
    assert [line for line in result.err.splitlines() if "no service" in line] == [f"portdash: warning: {said}"]
    assert "BASE_PORT" in result.out or "--json" not in arguments
    assert "no service" not in portdash("export", *arguments).err


def test_the_files_are_in_the_root_wherever_one_stands(portdash: Portdash, shop: Path, monkeypatch: pytest.MonkeyPatch):
    (shop / "src").mkdir()
    monkeypatch.chdir(shop / "src")
    assert portdash("export").code == 0
    assert all((shop / name).exists() for name in FILES)
    assert list((shop / "src").iterdir()) == []


def test_outside_any_project_the_files_are_where_one_stands(portdash: Portdash, home: Path):
    portdash("allocate", "web")
    assert portdash("export").code == 0
    assert all((home / name).exists() for name in FILES)


def test_a_format_goes_to_standard_output_and_nowhere_else(portdash: Portdash, shop: Path):
    before = sorted(shop.iterdir())
    result = portdash("export", "--format", "dotenv")
    assert (result.code, result.err) == (0, "")
    assert f"WEB_PORT={ports(portdash)['web']}\n" in result.out
    assert f"API_TARGET=http://localhost:{ports(portdash)['api']}\n" in result.out
    assert "portdash" not in result.out
    assert sorted(shop.iterdir()) == before


def test_a_named_file_takes_its_format_from_its_name(portdash: Portdash, shop: Path):
    for name in (".env.production", "ports.fish", "ports.json", "ports.cmd", "ports.ps1"):
        assert portdash("export", "-o", name).err == f"{name} written\n"
    assert json.loads((shop / "ports.json").read_text())["WEB_PORT"] == str(ports(portdash)["web"])
    assert "@set " in (shop / "ports.cmd").read_text()
    failed = portdash("export", "-o", "ports")
    assert failed.code == 2
    assert portdash("export", "-o", "ports", "--format", "sh").code == 0


def test_the_document_of_export(portdash: Portdash, shop: Path):
    document = portdash("export", "-o", "ports.json", "--json").document
    assert list(document) == ["schema_version", "variables", "files"]
    assert document["files"] == [{"path": str(shop / "ports.json"), "format": "json", "changed": True}]
    assert portdash("export", "--json", "--format", "sh").code == 2


def test_a_json_file_that_is_something_else_is_not_overwritten(portdash: Portdash, shop: Path):
    (shop / "package.json").write_text('{"name": "shop", "version": "1"}')
    result = portdash("export", "-o", "package.json")
    assert (result.code, result.out) == (6, "")
    assert json.loads((shop / "package.json").read_text())["name"] == "shop"
    assert portdash("export", "-o", "package.json", "--force").code == 0


@pytest.mark.parametrize("form", ["sh", None])
def test_an_error_leaves_standard_output_empty(portdash: Portdash, shop: Path, form: str | None):
    (shop / "portdash.toml").write_text("[services.web]\nbase = 'x'\n")
    result = portdash("export", *(["--format", form] if form else []))
    assert (result.code, result.out) == (2, "")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"A=1\n# >>> portdash >>>\nB=1\n", "line 2"),
        (b"A=1\n# <<< portdash <<<\n", "line 2"),
        (b"# >>> portdash >>>\nSECRET=1\n# <<< portdash <<<\n", "line 2"),
        (b"A=1\0\n", "line 1"),
        (b"A=1\n" * 500_000, "larger"),
    ],
)
def test_a_file_that_cannot_be_kept_is_refused_before_any_is_written(
    portdash: Portdash, shop: Path, content: bytes, line: str
):
    (shop / ".env.compose").write_bytes(content)
    result = portdash("export")
    assert (result.code, result.out) == (6, "")
    assert line in result.err
    assert ".env.compose" in result.err
    assert result.err.count("\n") == 1
    assert (shop / ".env.compose").read_bytes() == content
    assert not (shop / ".env").exists()


def test_a_variable_set_outside_the_block_is_said(portdash: Portdash, shop: Path):
    (shop / ".env").write_text("A=1\nWEB_PORT=9\n")
    result = portdash("export")
    assert result.code == 0
    assert ".env, line 2 sets WEB_PORT as well" in result.err
    assert (shop / ".env").read_text().startswith("A=1\nWEB_PORT=9\n")


@pytest.mark.needs_program("git")
def test_what_git_tracks_is_refused_without_force(portdash: Portdash, shop: Path):
    (shop / ".git").rmdir()
    subprocess.run(["git", "init", "-q"], cwd=shop, check=True)
    (shop / ".env").write_text("A=1\n")
    subprocess.run(["git", "add", ".env"], cwd=shop, check=True)
    result = portdash("export")
    assert result.code == 6
    assert "tracked by git" in result.err
    assert not (shop / ".env.compose").exists()
    assert portdash("init").code == 6
    assert not (shop / "portdash.toml").exists()
    assert portdash("export", "--force").code == 0
    assert portdash("export").code == 0  # nothing changes, so nothing is refused


def test_a_link_out_of_the_project_is_refused(portdash: Portdash, shop: Path, home: Path):
    (home / "precious").write_text("A=1\n")
    (shop / ".env").symlink_to(home / "precious")
    assert portdash("export", "--force").code == 6
    assert (home / "precious").read_text() == "A=1\n"


def test_read_only_writes_no_file(portdash: Portdash, shop: Path):
    assert portdash("--read-only", "export").code == 6
    assert not (shop / ".env").exists()
    assert portdash("--read-only", "export", "--format", "sh").code == 0


@pytest.mark.usefixtures("project")
def test_our_own_export_is_no_override(portdash: Portdash, monkeypatch: pytest.MonkeyPatch):
    first = int(portdash("allocate", "web", "--base", "21000", "--env", "SHOP_PORT").out)
    for name, value in json.loads(portdash("export", "--format", "json").out).items():
        monkeypatch.setenv(name, value)
    assert os.environ["SHOP_PORT"] == str(first)
    result = portdash("allocate", "web", "--json")
    (row,) = result.document["assignments"]
    assert (row["port"], row["source"]) == (first, "preferred")
    moved = int(portdash("move", "web", "--json").document["plan"]["steps"][0]["to"])
    assert portdash("allocate", "web").out == f"{moved}\n"  # the stale export does not call it back
    monkeypatch.setenv("SHOP_PORT", str(first + 50))
    assert portdash("allocate", "web").out == f"{first + 50}\n"  # what a person sets does


@pytest.mark.usefixtures("shop")
def test_env_against_the_store(portdash: Portdash, monkeypatch: pytest.MonkeyPatch):
    Path(".env").write_text("MINE=1\n")
    assert ".env" not in portdash("env").out  # it is none of ours yet
    assert portdash("env").code == 0
    assert portdash("env", "--check").code == 1
    portdash("export")
    portdash("export", "-o", ".env.local")
    for name, value in json.loads(portdash("export", "--format", "json").out).items():
        monkeypatch.setenv(name, value)
    good = portdash("env", "--check", "--json")
    assert good.code == 0
    assert list(good.document) == ["schema_version", "current", "variables", "files"]
    assert good.document["current"] is True
    assert [Path(each["path"]).name for each in good.document["files"]] == [*FILES, ".env.local"]
    monkeypatch.setenv("WEB_PORT", "1\x1b]0;x\x07")
    monkeypatch.setenv("PORTDASH_EXPORTED", "OLD_PORT=7")
    monkeypatch.setenv("OLD_PORT", "7")
    result = portdash("env", "--check")
    assert result.code == 1
    assert is_harmless(result.out)
    lines = {line.split()[0]: line.split()[-1] for line in result.out.splitlines()}
    assert (lines["WEB_PORT"], lines["API_PORT"], lines["OLD_PORT"]) == ("differs", "same", "gone")
    assert "./port_exports.sh" in result.err
    assert "`unset OLD_PORT`" in result.err


def test_env_says_which_file_is_older_than_the_store(portdash: Portdash, shop: Path, monkeypatch: pytest.MonkeyPatch):
    portdash("export")
    portdash("export", "-o", ".env.local")
    (shop / ".env.local").unlink()
    portdash("allocate", "another")
    portdash("export", "-o", ".env.compose")
    for name, value in json.loads(portdash("export", "--format", "json").out).items():
        monkeypatch.setenv(name, value)
    result = portdash("env", "--check")
    assert result.code == 1
    assert ".env: older than the store" in result.out
    assert ".env.compose: up to date" in result.out
    assert "portdash export" in result.err
    portdash("export")
    assert portdash("env", "--check").code == 0


def test_a_record_of_files_that_is_damaged_is_nothing(portdash: Portdash, shop: Path, home: Path):
    portdash("export")
    (record,) = (home / ".local/state/portdash/exports").iterdir()
    for text in ("[1]", "{", '{"/x": "nonsense"}', '{"a": 1}', '{"/a\\u0000": "sh"}', ""):
        record.write_text(text)
        assert portdash("env").code == 0
    assert portdash("export").code == 0
    assert json.loads(record.read_text())[str(shop / ".env")] == "dotenv"


def test_no_url_is_told_at_which_a_stranger_answers(
    portdash: Portdash, shop: Path, free_port: FreePort, server: Server
):
    stranger, port = shop.parent / "blog", free_port()
    (stranger / ".git").mkdir(parents=True)
    portdash("allocate", "later", "--preferred", str(port))
    assert portdash("url", "later").out == f"http://localhost:{port}\n"
    server(port, cwd=stranger)
    refused = portdash("url", "later")
    assert (refused.code, refused.out) == (3, "")
    assert f"its port {port} is held by python" in refused.err


def test_half_a_compose_file_is_no_answer(portdash: Portdash, shop: Path):
    head = "# " + "é" * 140_000 + "\n"  # as characters it would be small enough
    (shop / "compose.yaml").write_text(head + "services: {db: {ports: ['junk:80']}}\n")
    result = portdash("compose", "check")
    assert result.code == 2
    assert "larger than 256 KiB" in result.err


def test_url(portdash: Portdash, shop: Path):
    web = ports(portdash)["web"]
    assert portdash("url", "web").out == f"http://localhost:{web}\n"
    assert portdash("url", "shop/WEB", "--scheme", "ws").out == f"ws://localhost:{web}\n"
    assert portdash("url", "web", "--json").document["url"] == f"http://localhost:{web}"
    assert portdash("url", "nothing").code == 3
    assert portdash("url", "web", "--scheme", "a b").code == 2
    (shop / "portdash.toml").write_text("[services.lmstudio]\nurl = 'http://localhost:1234'\n[services.later]\n")
    assert portdash("url", "lmstudio").out == "http://localhost:1234\n"
    assert portdash("url", "later").code == 3


@pytest.mark.usefixtures("shop")
def test_snippet(portdash: Portdash, home: Path, monkeypatch: pytest.MonkeyPatch):
    assert "vite-proxy" in portdash("snippet").out
    assert "vite-proxy" in portdash("snippet", "--json").document["kinds"]
    assert str(ports(portdash)["web"]) in portdash("snippet", "vite").out
    assert str(ports(portdash)["api"]) in portdash("snippet", "vite", "api").out
    assert portdash("snippet", "vite", "--json").document["lines"]
    assert "did you mean vite?" in portdash("snippet", "vit").err
    assert portdash("snippet", "\x1b").code == 2
    assert portdash("snippet", "vite", "nothing").code == 3
    monkeypatch.chdir(home)
    assert portdash("snippet", "vite").code == 3


def test_compose_check(portdash: Portdash, shop: Path):
    assert portdash("compose", "check").code == 2
    file = shop / "docker-compose.yml"
    file.write_text('services:\n  web:\n    ports:\n      - "${WEB_PORT}:80"\n')
    good = portdash("compose", "check")
    assert (good.code, good.out) == (0, "")
    file.write_text('services:\n  web:\n    ports:\n      - "${WEBB_PORT}:80"\n')
    result = portdash("compose", "check")
    assert result.code == 1
    assert (
        "docker-compose.yml:4: web: unknown_variable: no service exports WEBB_PORT; did you mean WEB_PORT?"
        in result.out
    )
    (shop / ".env").write_text("WEBB_PORT=80\n")
    document = portdash("compose", "check", "--json").document
    assert list(document) == ["schema_version", "files", "findings"]
    assert [each["kind"] for each in document["findings"]] == ["differs"]  # it is set, and to another port than web's
    (shop / "compose.yaml").write_text("a: [")
    assert portdash("compose", "check").code == 2
    assert portdash("compose", "check", "nothing.yaml").code == 2
    os.mkfifo(shop / "pipe")
    assert portdash("compose", "check", "pipe").code == 2


def test_an_override_file_belongs_to_it(portdash: Portdash, shop: Path):
    (shop / "compose.yaml").write_text("services: {a: {ports: ['8080:80']}}")
    (shop / "compose.override.yml").write_text("services: {b: {ports: ['8080:80']}}")
    result = portdash("compose", "check")
    assert result.code == 1
    assert result.out == "compose.override.yml:1: b: twice: 8080 is published by a in line 1 as well\n"


def test_exports_at_once_lose_no_line_and_leave_nothing_behind(program: Portdash, portdash: Portdash, shop: Path):
    secrets = "".join(f"SECRET_{number}=x\n" for number in range(1000))
    (shop / ".env").write_text(secrets)
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: program("export", cwd=shop), range(8)))
    assert {(each.code, each.out) for each in done} == {(0, "")}
    text = (shop / ".env").read_text()
    assert text.startswith(secrets)
    assert text.count(">>> portdash >>>") == 1
    assert {path.name for path in shop.iterdir()} == {".git", *FILES}
    assert f"\nWEB_PORT={ports(portdash)['web']}\n" in text


def test_a_change_says_which_written_files_it_leaves_behind(portdash: Portdash):
    portdash("alloc", "web")
    assert "still say" not in portdash("reset", "--yes").err
    portdash("alloc", "web", "api")
    portdash("export")
    portdash("export", "--format", "dotenv", "-o", ".env.test")
    reset = portdash("reset", "--yes")
    assert ".env, .env.compose, port_exports.sh and .env.test still say what was: `portdash export`" in reset.err


def test_a_move_writes_the_recorded_files_anew_and_no_others(portdash: Portdash, shop: Path):
    portdash("alloc", "web")
    before = ports(portdash)["web"]
    portdash("export")
    portdash("export", "--format", "json", "-o", "ports.json")
    (shop / ".env.compose").unlink()
    (shop / "port_exports.sh").write_text("# by hand\n")
    (shop / ".env.other").write_text(f"WEB_PORT={before}\n")
    moved = portdash("move", "web")
    assert (moved.code, moved.err.count("still")) == (0, 1)
    assert "port_exports.sh still says what was" in moved.err
    assert moved.out.splitlines()[-1] == ".env and ports.json say so, too"
    after = ports(portdash)["web"]
    assert after != before
    assert f"\nWEB_PORT={after}\n" in (shop / ".env").read_text()
    assert json.loads((shop / "ports.json").read_text())["WEB_PORT"] == str(after)
    assert not (shop / ".env.compose").exists()
    assert (shop / ".env.other").read_text() == f"WEB_PORT={before}\n"
    assert ".env and ports.json say so" in portdash("undo", "--yes").out
