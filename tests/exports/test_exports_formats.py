"""How each format is written; that its readers agree is shown elsewhere."""

import json

import pytest

from portdash.errors import UsageError
from portdash.exports.formats import ExportFormat, format_for, render
from portdash.exports.variables import Variable

VARIABLES = (Variable("WEB_PORT", "4000"), Variable("API_TARGET", "http://localhost:4001"))


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("dotenv", "WEB_PORT=4000\nAPI_TARGET=http://localhost:4001\n"),
        ("compose", "WEB_PORT=4000\nAPI_TARGET=http://localhost:4001\n"),
        ("sh", "export WEB_PORT=4000\nexport API_TARGET='http://localhost:4001'\n"),
        ("direnv", "export WEB_PORT=4000\nexport API_TARGET='http://localhost:4001'\n"),
        ("fish", "set -gx WEB_PORT 4000\nset -gx API_TARGET 'http://localhost:4001'\n"),
        ("powershell", "$env:WEB_PORT = '4000'\n$env:API_TARGET = 'http://localhost:4001'\n"),
        ("cmd", '@set "WEB_PORT=4000"\n@set "API_TARGET=http://localhost:4001"\n'),
    ],
)
def test_each_format(form: str, text: str):
    assert render(VARIABLES, ExportFormat(form)) == text


def test_json_is_one_map_of_texts():
    assert json.loads(render(VARIABLES, ExportFormat.JSON)) == {each.name: each.value for each in VARIABLES}


@pytest.mark.parametrize("form", ExportFormat)
def test_nothing_to_export_is_nothing_to_read(form: ExportFormat):
    assert render((), form) in ("", "{}\n")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        (".env", "dotenv"), (".env.production", "dotenv"), ("shop.env", "dotenv"), (".env.compose", "compose"),
        ("port_exports.sh", "sh"), (".envrc", "direnv"), ("ports.fish", "fish"), ("ports.PS1", "powershell"),
        ("ports.cmd", "cmd"), ("ports.bat", "cmd"), ("ports.json", "json"),
    ],
)  # fmt: skip
def test_a_files_name_says_its_format(name: str, form: str):
    assert format_for(name) is ExportFormat(form)


@pytest.mark.parametrize("name", ["ports", "ports.txt", "", "env"])
def test_a_name_that_says_nothing_is_an_error(name: str):
    with pytest.raises(UsageError, match="format"):
        format_for(name)
