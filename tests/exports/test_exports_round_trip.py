"""What is written means the same to its readers: real shells, python-dotenv, docker compose, JSON."""

import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values
from export_rows import CLASSIC, row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portdash.errors import UsageError
from portdash.exports.block import with_block
from portdash.exports.formats import STYLES, ExportFormat, export_lines, render
from portdash.exports.variables import Variable, all_variables
from portdash.model.names import variable_for

names = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,62}(?:@[2-9])?", fullmatch=True)
rows = st.lists(st.tuples(names, st.integers(1, 65535)), max_size=60, unique_by=lambda pair: variable_for(pair[0]))
SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
real_programs = settings(
    max_examples=200 * SCALE,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

SHELLS = {
    "bash": (ExportFormat.SH, ["bash", "--norc", "--noprofile", "-c"], 'eval "$1"; exec "$2" -0', True),
    "dash": (ExportFormat.SH, ["dash", "-c"], 'eval "$1"; exec "$2" -0', True),
    "zsh": (ExportFormat.SH, ["zsh", "-f", "-c"], 'eval "$1"; exec "$2" -0', True),
    "fish": (ExportFormat.FISH, ["fish", "--no-config", "-c"], 'eval "$argv[1]"; exec "$argv[2]" -0', False),
}
"""Format, how it is started, what it runs, and whether a word for $0 comes before the arguments."""


def exported(pairs: list[tuple[str, int]]) -> tuple[Variable, ...]:
    return all_variables([row(name, port) for name, port in pairs], base_port=4000, next_port=4007)


def in_shell(shell: str, text: str, directory: Path) -> dict[str, str]:
    """Evaluate an export in a shell that has nothing in its environment, and return what it exports then."""
    _, start, script, has_name = SHELLS[shell]
    done = subprocess.run(
        [*start, script, *(["sh"] if has_name else []), text, shutil.which("env") or "env"],
        env={"HOME": str(directory), "PATH": os.defpath},
        cwd=directory,
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    pairs = (entry.partition("=") for entry in done.stdout.decode().split("\0") if entry)
    return {name: value for name, _, value in pairs}


def meant(variables: tuple[Variable, ...]) -> dict[str, str]:
    return {each.name: each.value for each in variables}


shells = pytest.mark.parametrize(
    "shell", [pytest.param(shell, marks=pytest.mark.needs_program(shell)) for shell in SHELLS]
)


@shells
@real_programs
@given(pairs=rows)
def test_a_shell_has_what_was_meant(shell: str, pairs: list[tuple[str, int]], tmp_path: Path):
    variables = exported(pairs)
    found = in_shell(shell, render(variables, SHELLS[shell][0]), tmp_path)
    assert {name: found.get(name) for name in meant(variables)} == meant(variables)
    assert found.keys() - meant(variables).keys() <= {"HOME", "PATH", "PWD", "OLDPWD", "SHLVL", "_", "LOGNAME", "USER"}


@shells
@real_programs
@given(
    env=st.one_of(
        st.text(min_size=1),
        st.sampled_from(
            [
                "X_PORT=1;touch canary;Y",
                "A_PORT$(touch canary)",
                "A_PORT`touch canary`",
                "A_PORT'\ntouch canary\n'",
                "A_PORT\ttouch",
                "A_PORT;touch${IFS}canary",
                'A_PORT"; touch canary; "',
            ]
        ),
    ),
    port=st.integers(1, 65535),
)
def test_nothing_that_a_store_holds_runs_a_command(shell: str, env: str, port: int, tmp_path: Path):
    try:
        variables = all_variables([row("web", port, env=env)], base_port=4000)
    except UsageError:
        return
    assert in_shell(shell, render(variables, SHELLS[shell][0]), tmp_path)[variables[-2].name] == str(port)
    assert not (tmp_path / "canary").exists()


@settings(deadline=None, max_examples=200 * SCALE)
@given(rows)
def test_json_is_what_was_meant(pairs: list[tuple[str, int]]):
    variables = exported(pairs)
    assert json.loads(render(variables, ExportFormat.JSON)) == meant(variables)


@pytest.mark.parametrize("form", [ExportFormat.DOTENV, ExportFormat.COMPOSE])
@settings(deadline=None, max_examples=200 * SCALE)
@given(pairs=rows)
def test_python_dotenv_reads_what_was_meant(form: ExportFormat, pairs: list[tuple[str, int]]):
    variables = exported(pairs)
    text = with_block("OTHER='x'\n", export_lines(variables, form), comment=STYLES[form].comment, name=".env")
    assert dotenv_values(stream=io.StringIO(text)) == {"OTHER": "x", **meant(variables)}


@shells
def test_a_written_script_can_be_sourced_in_the_middle_of_others(shell: str, tmp_path: Path):
    form = SHELLS[shell][0]
    variables = all_variables(CLASSIC, base_port=4000, next_port=4007)
    text = with_block("# mine\n", export_lines(variables, form), comment="#", name="port_exports.sh")
    found = in_shell(shell, text, tmp_path)
    assert {name: found.get(name) for name in meant(variables)} == meant(variables)


COMPOSE_FILE = """
services:
  postgres:
    image: postgres:15
    ports:
      - "${POSTGRES_PORT}:${POSTGRES_PORT}"
  mongo:
    image: mongo:7.0
    ports:
      - "${MONGO_PORT}:${MONGO_PORT}"
"""


@pytest.mark.needs_program("docker-compose")
def test_docker_compose_puts_the_ports_in(tmp_path: Path):
    (tmp_path / "compose.yaml").write_text(COMPOSE_FILE)
    variables = all_variables(CLASSIC, base_port=4000, next_port=4007)
    lines = export_lines(variables, ExportFormat.COMPOSE)
    (tmp_path / ".env.compose").write_text(with_block("", lines, comment="#", name=".env.compose"))
    done = subprocess.run(
        ["docker-compose", "--env-file", ".env.compose", "config"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    services = yaml.safe_load(done.stdout)["services"]
    assert {name: published(body["ports"][0]) for name, body in services.items()} == {
        "postgres": "4001:4001",
        "mongo": "4002:4002",
    }


def published(port: "str | dict[str, object]") -> str:
    """Return `HOST:CONTAINER` as the first or the second generation of compose writes it."""
    return port.partition("/")[0] if isinstance(port, str) else f"{port['published']}:{port['target']}"
