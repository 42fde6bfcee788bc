"""The program itself: help, unknown names, and one module a command."""

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest
from cli_harness import Portdash

import portdash.cli.commands
from portdash import __version__
from portdash.cli.table import COMMANDS

MODULES = Path(portdash.cli.commands.__file__).parent


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_modules_say(name: str):
    entry = COMMANDS[name]
    command = import_module(f"portdash.cli.commands.{entry.module}").command
    assert isinstance(command, click.Command)
    assert command.name == (entry.alias_of or name)
    if entry.alias_of is None:
        assert (command.help or "").startswith(entry.help)


def test_every_module_is_in_the_table():
    modules = {path.stem for path in MODULES.glob("*.py")} - {"__init__", "dashboard"}
    assert modules == {entry.module for entry in COMMANDS.values()}


@pytest.mark.parametrize("path", sorted(MODULES.glob("*.py")), ids=lambda path: path.stem)
def test_no_command_prints_by_itself(path: Path):
    names = {node.func.id for node in ast.walk(ast.parse(path.read_text())) if _is_call(node)}
    assert "print" not in names


def _is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def test_help_lists_the_commands_without_importing_them():
    code = (
        "import json, sys; from portdash.cli.guard import run; assert run(['--help']) == 0;"
        "print(json.dumps([m for m in sys.modules if m.startswith('portdash.')]))"
    )
    lines = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    loaded = json.loads(lines[-1])
    assert not [name for name in loaded if name.startswith(("portdash.cli.commands.", "portdash.manager"))]
    for name in COMMANDS:
        assert any(line.split()[:1] == [name] for line in lines)


def test_version(portdash: Portdash):
    result = portdash("--version")
    assert (result.code, result.out) == (0, f"portdash {__version__}\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(portdash: Portdash, name: str):
    result = portdash(name, "--help")
    assert result.code == 0
    assert result.err == ""
    assert "Usage: portdash" in result.out


def test_an_unknown_command_names_the_nearest(portdash: Portdash):
    result = portdash("stauts")
    assert result.code == 2
    assert result.out == ""
    assert result.err == "portdash: error: there is no command 'stauts' (did you mean `portdash status`?)\n"


def test_an_unknown_option_names_the_nearest(portdash: Portdash):
    result = portdash("ls", "--jsno")
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert "--json" in result.err


def test_a_global_option_behind_the_command_is_told_its_place(portdash: Portdash):
    result = portdash("ls", "--workspace", "shop")
    assert result.code == 2
    assert "stands before the command" in result.err


def test_the_usage_error_as_a_document(portdash: Portdash):
    result = portdash("check", "--json")
    assert result.code == 2
    assert result.err == ""
    assert list(result.document) == ["schema_version", "error"]
    assert list(result.document["error"]) == ["code", "message", "hint"]
    assert result.document["error"]["code"] == "usage"


def test_without_a_terminal_there_is_no_dashboard(portdash: Portdash):
    result = portdash()
    assert result.code == 2
    assert result.out == ""
    assert "portdash status" in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("options", [["--demo"], ["--filter", "web"], ["--view", "1"]])
def test_options_of_the_dashboard_are_for_it_alone(portdash: Portdash, options: list[str]):
    result = portdash(*options, "status")
    assert result.code == 2
    assert options[0] in result.err


@pytest.mark.parametrize("view", ["0", "6", "7", "x"])
def test_a_view_there_is_not(portdash: Portdash, view: str):
    result = portdash("--view", view)
    assert result.code == 2
    assert view in result.err


@pytest.mark.parametrize(("name", "within"), [("token", "path and rotate"), ("store", "repair"), ("config", "check")])
def test_a_group_without_a_command_says_in_a_line_which_there_are(portdash: Portdash, name: str, within: str):
    result = portdash(name)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"portdash: error: `portdash {name}` does nothing by itself (there are ")
    assert within in result.err
    assert "Usage" not in result.err
