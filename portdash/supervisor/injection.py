"""Telling a server its port when it does not read PORT: options added to its command. Pure.

The server is looked for behind what merely starts it: `npx`, `uv run`, an interpreter, a script of package.json.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

from portdash.supervisor.frameworks import FRAMEWORKS, Framework
from portdash.supervisor.substitution import names_port

_STARTERS: Mapping[str, tuple[str, ...]] = {
    "npx": (), "bunx": (), "pnpx": (), "uvx": (), "env": (), "nice": (), "time": (), "exec": (),
    "pnpm": ("exec", "dlx"), "yarn": ("exec", "dlx"), "npm": ("exec",), "bun": ("x",),
    "uv": ("run",), "poetry": ("run",), "pipenv": ("run",), "pdm": ("run",), "hatch": ("run",), "rye": ("run",),
    "bundle": ("exec",),
}  # fmt: skip
"""What starts another program, and the word that says so; none where it does nothing else."""
_INTERPRETERS = re.compile(r"(python|pypy|node|nodejs|bun|deno|ruby|php)[\d.]*$")
_RUNNERS = frozenset(("npm", "pnpm", "yarn", "bun"))
_SERVES_NOTHING = frozenset(("build", "optimize", "--help", "-h", "--version", "-v"))
"""Words with which a server's program does something else."""
_SETTING = re.compile(r"[A-Za-z_]\w*=")
_ENDINGS = (".exe", ".cmd", ".js", ".mjs", ".cjs")
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
    found = _framework(words)
    if found is None or _SERVES_NOTHING.intersection(words) or _says_port(found, (*words, *command)):
        return Injected(tuple(command))
    between = ("--",) if script is not None and _stem(command[0]) == "npm" and "--" not in command else ()
    return Injected((*command, *between, *found.options), found.name)


def _script(command: Sequence[str], scripts: Mapping[str, str]) -> list[str] | None:
    """Return the last command of the script that `npm run dev` and its like run, None where it runs none."""
    if not command or _stem(command[0]) not in _RUNNERS:
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


def _framework(words: Sequence[str]) -> Framework | None:
    at = _program(words)
    if at is None:
        return None
    found = (_stem(words[at]), *words[at + 1 :])
    for each in FRAMEWORKS:
        first, *rest = each.words
        if found[0] in (first, first.removesuffix(".py")) and _in_order(rest, found[1:]):
            return each
    return None


def _program(words: Sequence[str]) -> int | None:
    """Return where the program is that serves, behind all that merely starts it."""
    at = 0
    while at < len(words):
        name = _stem(words[at])
        if _SETTING.match(words[at]):
            at += 1
        elif name in _STARTERS and (at + 1 < len(words)) and _starts(name, words[at + 1]):
            at = _next(words, at + 1 + bool(_STARTERS[name]))
        elif _INTERPRETERS.match(name):
            module = next((n for n in range(at + 1, len(words)) if words[n] == "-m"), None)
            behind = _next(words, at + 1)
            return (
                module + 1
                if module is not None and module < behind and module + 1 < len(words)
                else _or_none(behind, words)
            )
        else:
            return at
    return None


def _starts(name: str, word: str) -> bool:
    said = _STARTERS[name]
    return not said or word in said


def _next(words: Sequence[str], at: int) -> int:
    """Return the first place from `at` on that is no option."""
    while at < len(words) and words[at].startswith("-"):
        at += 1
    return at


def _or_none(at: int, words: Sequence[str]) -> int | None:
    return at if at < len(words) else None


def _in_order(wanted: Sequence[str], words: Sequence[str]) -> bool:
    """Say whether all that is wanted is there, in order, options aside."""
    left = iter(words)
    return all(any(word == each for word in left) for each in wanted)


def _says_port(framework: Framework, words: Sequence[str]) -> bool:
    if not framework.said:
        last = framework.words[-1]
        at = next((n for n, word in enumerate(words) if word == last or _stem(word) == last), -1)
        return any(_ADDRESS.match(word) for word in words[at + 1 :])
    return any(
        word == option or word.startswith(f"{option}=") or (len(option) == 2 and re.match(rf"{option}\d", word))
        for word in words
        for option in framework.said
    )


def _stem(word: str) -> str:
    """Return a program's name without its directory and ending; `vite` of `node_modules/vite/bin/vite.js`."""
    name = PurePath(word.replace("\\", "/")).name
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name
