"""`add`: a service written into the project's file, or nothing written at all."""

import tomllib
from pathlib import Path

import pytest
from cli_harness import Portdash, is_harmless

FILE = "# ours\n[services.web]\npreferred = 3000 # the pages\n"


@pytest.fixture
def file(project: Path) -> Path:
    path = project / "portdash.toml"
    path.write_text(FILE)
    return path


def test_the_file_is_made_in_the_root_of_the_project(
    portdash: Portdash, project: Path, monkeypatch: pytest.MonkeyPatch
):
    (project / "src").mkdir()
    monkeypatch.chdir(project / "src")
    result = portdash("add", "redis", "--type", "cache", "--preferred", "6379,6380", "--purpose", 'a "b" | c')
    assert result.code == 0
    assert result.out == (project / "portdash.toml").read_text()
    assert tomllib.loads(result.out)["services"]["redis"] == {
        "type": "cache", "preferred": [6379, 6380], "purpose": 'a "b" | c',
    }  # fmt: skip
    assert "`portdash allocate redis`" in result.err
    assert not (project / "src" / "portdash.toml").exists()
    assert portdash("status", "--json").document["services"][0]["preferred"] == [6379, 6380]


def test_every_option_is_a_key(portdash: Portdash, file: Path):
    portdash("add", "api")
    result = portdash(
        "add", "db", "--type", "database", "--base", "5500", "--range", "5500-5600", "--exclude", "5510,5520-5530",
        "--env", "DB_PORT", "--conflicts-with", "web,api", "--priority", "1", "--pin", "--protocol", "tcp",
        "--match", "postgres", "--health", "/health", "--command", "pg -p {port}", "--depends-on", "web",
        "--replicas", "2",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert tomllib.loads(file.read_text())["services"]["db"] == {
        "type": "database", "base": 5500, "range": [5500, 5600], "exclude": [5510, "5520-5530"], "env": "DB_PORT",
        "conflicts_with": ["web", "api"], "priority": 1, "pin": True, "protocol": "tcp", "match": "postgres",
        "health": "/health", "command": "pg -p {port}", "depends_on": ["web"], "replicas": 2,
    }  # fmt: skip
    assert portdash("add", "socket", "--inherit-from", "web").code == 0
    assert portdash("add", "studio", "--url", "http://localhost:1234").code == 0
    assert portdash("config", "check").code == 0


def test_what_is_there_stays(portdash: Portdash, file: Path):
    file.chmod(0o640)
    portdash("add", "api", "--base", "8000")
    assert file.read_text() == f"{FILE}\n[services.api]\nbase = 8000\n"
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_byte_order_mark_and_line_ends_stay(portdash: Portdash, file: Path):
    file.write_bytes(b"\xef\xbb\xbf[services.web]\r\n")
    assert portdash("add", "api").code == 0
    assert file.read_bytes() == b"\xef\xbb\xbf[services.web]\r\n\r\n[services.api]\r\n"


def test_a_service_that_is_there_is_named_with_its_line(portdash: Portdash, file: Path):
    result = portdash("add", "Web", "--pin")
    assert result.code == 2
    assert f"web is declared already: {file}, line 2 (--replace" in result.err
    assert file.read_text() == FILE
    assert portdash("add", "web", "--pin", "--replace").code == 0
    assert tomllib.loads(file.read_text()) == {"services": {"web": {"pin": True}}}
    assert file.read_text().startswith("# ours\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["a b"], "not a service name"),
        (["api", "--base", "70000"], "70000"),
        (["api", "--range", "9-8"], "runs backwards"),
        (["api", "--base", "4000", "--range", "5000-5010"], "outside the service's own range 5000-5010"),
        (["api", "--inherit-from", "wbe"], "no such service is declared (did you mean web?)"),
        (["api", "--inherit-from", "api"], "in a circle"),
        (["api", "--env", "PATH"], "changes how programs run"),
        (["web2", "--env", "WEB_PORT"], "would be exported as WEB_PORT, which is web's"),
        (["api", "--priority", "0"], "must be at least 1"),
        (["api", "--protocol", "sctp"], "possible: tcp and udp"),
        (["api", "--command", "a && b"], "needs a shell"),
        (["api", "--exclude", "3000-"], "'3000-' is not a range of ports"),
        (["api", "--purpose"], "--purpose"),
        (["api", "--nonsense", "1"], "--nonsense"),
    ],
)
def test_what_would_not_be_right_is_not_written(portdash: Portdash, file: Path, arguments: list[str], told: str):
    result = portdash("add", *arguments)
    assert result.code == 2
    assert told in result.err
    assert file.read_text() == FILE
    assert len(result.err.splitlines()) == 1
    assert is_harmless(result.err)


def test_a_circle_through_two_services_is_refused(portdash: Portdash, file: Path):
    portdash("add", "a", "--inherit-from", "web")
    result = portdash("add", "web", "--inherit-from", "a", "--replace")
    assert result.code == 2
    assert "circle" in result.err
    assert file.read_text() == f'{FILE}\n[services.a]\ninherit_from = "web"\n'


def test_a_type_without_a_range_is_warned_of_and_written(portdash: Portdash, file: Path):
    result = portdash("add", "old", "--type", "legcy")
    assert result.code == 0
    assert "services.old.type: no range is set aside for the type legcy" in result.err
    assert 'type = "legcy"' in file.read_text()


def test_what_was_wrong_before_does_not_keep_from_adding_what_mends_it(portdash: Portdash, file: Path):
    file.write_text('[services.socket]\ninherit_from = "web"\n[services.x]\nbase = "no"\n')
    result = portdash("add", "web")
    assert result.code == 0
    assert "the configuration has 1 problem besides" in result.err
    assert "[services.web]" in file.read_text()


def test_what_an_untrusted_file_may_not_say_is_no_news(portdash: Portdash, file: Path):
    """A service on another machine is left out of an untrusted file, and what is wrong with it was wrong before."""
    file.write_text("[services.far]\nurl = 'https://example.org'\ninherit_from = 'gone'\n")
    assert portdash("add", "api").code == 0
    assert "[services.api]" in file.read_text()


def test_a_file_that_is_no_toml_is_left_alone(portdash: Portdash, file: Path):
    merged = "<<<<<<< HEAD\n[services.a]\n=======\n>>>>>>> theirs\n"
    file.write_text(merged)
    result = portdash("add", "web")
    assert result.code == 2
    assert "line 1" in result.err
    assert file.read_text() == merged


def test_the_environment_named_gets_it_alone(portdash: Portdash, file: Path):
    assert portdash("--environment", "production", "add", "web", "--range", "3000-3010").code == 0
    tables = tomllib.loads(file.read_text())
    assert tables["environments"] == {"production": {"services": {"web": {"range": [3000, 3010]}}}}
    assert tables["services"] == {"web": {"preferred": 3000}}
    result = portdash("--environment", "production", "add", "web")
    assert result.code == 2
    assert "line 5" in result.err


def test_what_waits_for_trust_is_said(portdash: Portdash, file: Path):
    waiting = portdash("add", "api", "--command", "npm start")
    assert "services.api.command is shown but not started until you trust this project" in waiting.err
    portdash("trust", "--yes")
    again = portdash("add", "db")
    assert f"{file} was trusted as it was before: look at it, and run `portdash trust` again" in again.err
    assert "warning" not in portdash("--config", str(file), "add", "cache").err


def test_a_damaged_record_of_trust_is_said(portdash: Portdash, file: Path, home: Path):
    portdash("trust", "--yes")
    (record,) = home.rglob("trusted.json")
    record.write_text("{")
    result = portdash("add", "api")
    assert result.code == 0
    assert "no project is trusted" in result.err
    assert "[services.api]" in file.read_text()
    assert record.read_text() == "{"


def test_another_workspace_is_declared_in_its_own_file(
    portdash: Portdash, project: Path, home: Path, monkeypatch: pytest.MonkeyPatch
):
    portdash("alloc", "web")
    monkeypatch.chdir(home)
    assert portdash("add", "shop/api").code == 0
    assert portdash("--workspace", "shop", "add", "db").code == 0
    assert set(tomllib.loads((project / "portdash.toml").read_text())["services"]) == {"api", "db"}
    missing = portdash("add", "nowhere/api")
    assert missing.code == 3
    assert "nowhere" in missing.err
    assert not (home / "portdash.toml").exists()


def test_a_file_and_another_workspace_cannot_both_be_named(
    portdash: Portdash, file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
):
    portdash("alloc", "web")
    (home / "portdash.toml").write_text("# mine\n")
    monkeypatch.chdir(home)
    for arguments in (["add", "shop/api"], ["--workspace", "shop", "add", "api"]):
        result = portdash("--config", "portdash.toml", *arguments)
        assert result.code == 2
        assert "--config" in result.err
    assert (file.read_text(), (home / "portdash.toml").read_text()) == (FILE, "# mine\n")
    assert portdash("--config", "portdash.toml", "add", "api").code == 0
    assert "[services.api]" in (home / "portdash.toml").read_text()
    assert file.read_text() == FILE


def test_outside_any_project_the_directory_becomes_one(portdash: Portdash, home: Path, monkeypatch: pytest.MonkeyPatch):
    refused = portdash("add", "web")
    assert refused.code == 2
    assert "is no project" in refused.err
    (home / "fresh").mkdir()
    monkeypatch.chdir(home / "fresh")
    made = portdash("add", "web")
    assert "is a project of its own from now on" in made.err
    assert (home / "fresh" / "portdash.toml").read_text() == "[services.web]\n"


def test_a_file_above_the_project_is_not_the_projects(portdash: Portdash, project: Path, home: Path):
    above = home / "portdash.toml"
    above.write_text("[services.all]\n")
    result = portdash("add", "web")
    assert result.code == 0
    assert f"{above} counts here no more" in result.err
    assert above.read_text() == "[services.all]\n"
    assert (project / "portdash.toml").read_text() == "[services.web]\n"
    assert "counts here no more" not in portdash("add", "api").err


def test_links_out_of_the_project_are_refused(portdash: Portdash, project: Path, home: Path):
    (home / "elsewhere.toml").write_text(FILE)
    (project / "portdash.toml").symlink_to(home / "elsewhere.toml")
    result = portdash("add", "api")
    assert result.code == 6
    assert (home / "elsewhere.toml").read_text() == FILE


def test_read_only_changes_nothing(portdash: Portdash, file: Path):
    result = portdash("--read-only", "add", "api")
    assert result.code == 6
    assert file.read_text() == FILE


def test_the_document(portdash: Portdash, file: Path):
    document = portdash("add", "api", "--base", "8000", "--range", "8000-8001", "--json").document
    assert document == {
        "schema_version": 1, "file": str(file), "created": False, "name": "api", "environment": None,
        "declared": {"base": 8000, "range": [8000, 8001]},
    }  # fmt: skip
    error = portdash("add", "api", "--json")
    assert error.document["error"]["code"] == "usage"


def test_services_added_at_once_are_all_there(program: Portdash, project: Path):
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda number: program("add", f"s{number}", cwd=project).code, range(6)))
    assert codes == [0] * 6
    assert len(tomllib.loads((project / "portdash.toml").read_text())["services"]) == 6
