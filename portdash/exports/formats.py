"""The forms in which variables are written, by name, each with its own quoting."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from types import MappingProxyType

from portdash.errors import UsageError
from portdash.exports.variables import Variable
from portdash.record import record
from portdash.text import and_list


class ExportFormat(StrEnum):
    """What `--format` takes."""

    DOTENV = "dotenv"
    """`NAME=value`, for python-dotenv and its kin."""
    COMPOSE = "compose"
    """`NAME=value`, for `docker compose --env-file`; docker takes quotes for part of the value, so there are none."""
    SH = "sh"
    """For bash, dash, zsh and every other POSIX shell."""
    FISH = "fish"
    POWERSHELL = "powershell"
    CMD = "cmd"
    JSON = "json"
    """One object of texts."""
    DIRENV = "direnv"


@record
class Style:
    """How one format is written, line by line."""

    line: Callable[[str, str], str]
    """Makes the line of a name and a value."""
    comment: str
    """What a comment begins with."""


def _plain(name: str, value: str) -> str:
    return f"{name}={value}"


def _posix(name: str, value: str) -> str:
    return f"export {name}={value if value.isdigit() else single_quoted(value)}"


def _fish(name: str, value: str) -> str:
    return f"set -gx {name} {value if value.isdigit() else single_quoted(value)}"


def _powershell(name: str, value: str) -> str:
    return f"$env:{name} = {single_quoted(value)}"


def _cmd(name: str, value: str) -> str:
    return f'@set "{name}={value}"'


def single_quoted(value: str) -> str:
    """Return a value in single quotes, which every shell but cmd reads the same way; it holds none itself."""
    assert "'" not in value  # see Variable
    return f"'{value}'"


STYLES = MappingProxyType(
    {
        ExportFormat.DOTENV: Style(_plain, "#"),
        ExportFormat.COMPOSE: Style(_plain, "#"),
        ExportFormat.SH: Style(_posix, "#"),
        ExportFormat.FISH: Style(_fish, "#"),
        ExportFormat.POWERSHELL: Style(_powershell, "#"),
        ExportFormat.CMD: Style(_cmd, "::"),
        ExportFormat.DIRENV: Style(_posix, "#"),
    }
)
"""Every format that is written line by line; JSON is not."""

_BY_NAME = {".env.compose": ExportFormat.COMPOSE, ".envrc": ExportFormat.DIRENV}
_BY_ENDING = {
    ".json": ExportFormat.JSON, ".fish": ExportFormat.FISH, ".ps1": ExportFormat.POWERSHELL, ".cmd": ExportFormat.CMD,
    ".bat": ExportFormat.CMD, ".sh": ExportFormat.SH, ".env": ExportFormat.DOTENV,
}  # fmt: skip


def format_for(filename: str) -> ExportFormat:
    """Return the format that a file's name speaks of: `.env.production`, `ports.fish`. Raises UsageError."""
    if filename in _BY_NAME:
        return _BY_NAME[filename]
    for ending, form in _BY_ENDING.items():
        if filename.casefold().endswith(ending):
            return form
    if filename.startswith(".env."):
        return ExportFormat.DOTENV
    raise UsageError(
        "the file's name does not say which format it shall have", hint=f"say --format: {and_list(ExportFormat)}"
    )


def export_lines(variables: Iterable[Variable], form: ExportFormat) -> list[str]:
    """Return a line for each variable; not for JSON, whose whole text is one thing."""
    return [STYLES[form].line(each.name, each.value) for each in variables]


def render(variables: Iterable[Variable], form: ExportFormat) -> str:
    """Return the variables in that format, every line ended; without comments, for it may go straight to `eval`."""
    if form is ExportFormat.JSON:
        import json  # noqa: PLC0415  one format of many wants it

        return json.dumps({each.name: each.value for each in variables}, indent=2) + "\n"
    return "".join(line + "\n" for line in export_lines(variables, form))
