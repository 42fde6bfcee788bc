"""Telling a server its port when it does not read PORT: options added to its command. Pure.

The server is looked for behind what merely starts it: `npx`, `uv run`, an interpreter, a script of package.json.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from portdash.model.substitution import names_port
from portdash.planning.command_line import bare
from portdash.planning.frameworks import framework_of
from portdash.supervisor.frameworks import TELLING, Telling

_STARTERS: Mapping[str, tuple[str, ...]] = {
    "npx": (), "bunx": (), "pnpx": (), "uvx": (), "env": (), "nice": (), "time": (), "exec": (),
    "pnpm": ("exec", "dlx"), "yarn": ("exec", "dlx"), "npm": ("exec",), "bun": ("x",),
    "uv": ("run",), "poetry": ("run",), "pipenv": ("run",), "pdm": ("run",), "hatch": ("run",), "rye": ("run",),
    "bundle": ("exec",),
}  # fmt: skip
"""What starts another program, and the word that says so; none where it does nothing else."""
_RUNNERS = frozenset(("npm", "pnpm", "yarn", "bun"))
_SERVES_NOTHING = frozenset(("build", "optimize", "--help", "-h", "--version", "-v"))
"""Words with which a server's program does something else."""
_SETTING = re.compile(r"[A-Za-z_]\w*=")
_ADDRESS = re.compile(r"(\[?[\w.:]*\]?:)?\d+$")


class Injected(NamedTuple):
    """A command that knows where to say the port."""

    command: tuple[str, ...]
    framework: str | None = None
    """What was recognised, None where nothing was added."""


def inject(command: Sequence[str], *, scripts: Mapping[str, str]) -> Injected:
    """Return the command with a place for its port, if it is a server known to ignore PORT; else as it is.

    `scripts` are those of the package.json at hand, for `npm run dev`. Nothing is added to a command that says its
    port itself.
    """
    if names_port(command):
        return Injected(tuple(command))
    script = _script(command, scripts)
    words = script if script is not None else command
    framework = framework_of("", words[_started(words) :])
    telling = TELLING.get(framework or "")
    if telling is None or not _serves(telling, words) or _says_port(telling, (*words, *command)):
        return Injected(tuple(command))
    between = ("--",) if script is not None and bare(command[0]) == "npm" and "--" not in command else ()
    return Injected((*command, *between, *telling.options), framework)


def _script(command: Sequence[str], scripts: Mapping[str, str]) -> list[str] | None:
    """Return the last command of the script that `npm run dev` and its like run, None where it runs none."""
    if not command or bare(command[0]) not in _RUNNERS:
        return None
    words = [word for word in command[1:] if not word.startswith("-")]
    name = words[1] if words[:1] == ["run"] and len(words) > 1 else words[0] if words else ""
    text = scripts.get(name)
    if text is None:
        return None
    try:
        return shlex.split(re.split(r"&&|\|\||[;&|]", text)[-1])
    except ValueError:
        return None


def _started(words: Sequence[str]) -> int:
    """Return where that begins which is started in the end, behind settings and all that merely starts it."""
    at = 0
    while at < len(words):
        name = bare(words[at])
        if _SETTING.match(words[at]):
            at += 1
        elif name in _STARTERS and at + 1 < len(words) and _starts(name, words[at + 1]):
            at = _next(words, at + 1 + bool(_STARTERS[name]))
        else:
            break
    return at


def _starts(name: str, word: str) -> bool:
    said = _STARTERS[name]
    return not said or word in said


def _next(words: Sequence[str], at: int) -> int:
    """Return the first place from `at` on that is no option."""
    while at < len(words) and words[at].startswith("-"):
        at += 1
    return at


def _serves(telling: Telling, words: Sequence[str]) -> bool:
    """Say whether the program is started to serve, and not to build, or to say what it is."""
    if _SERVES_NOTHING.intersection(words):
        return False
    return not telling.needs or any(word in telling.needs for word in words)


def _says_port(telling: Telling, words: Sequence[str]) -> bool:
    if not telling.said:
        return any(_ADDRESS.match(word) for word in words)
    return any(
        word == option or word.startswith(f"{option}=") or (len(option) == 2 and re.match(rf"{option}\d", word))
        for word in words
        for option in telling.said
    )
