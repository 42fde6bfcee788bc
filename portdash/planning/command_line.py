"""What a command line runs: the script and not its interpreter, in the words of a person. Pure.

A process writes its own command line, and may lie: what is read here is shown and suggested, and proves nothing.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from portdash.named_tuple import NamedTuple

SHORT = 16
"""Arguments up to which what a command line says is remembered: one look asks for the same ones as the last."""

_INTERPRETER = (
    r"(?P<plain>node|nodejs|bun|deno|ruby|jruby|perl|php|java|pythonw?|pypy|ipython|lua|dash|bash|zsh|fish|sh|ksh)"
    r"(?:[0-9][0-9.]*)?(?:\.exe)?"
)
_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "fish", "ksh"))
_SUFFIX = r"\.(?:[cm]?[jt]sx?|pyw?|rb|php|sh|jar|war|exe|cmd|AppImage)$"

_WITH_VALUE: Mapping[str, frozenset[str]] = {
    "node": frozenset(("-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions")),
    "python": frozenset(("-W", "-X", "--check-hash-based-pycs")),
    "ruby": frozenset(("-I", "-r", "-C")),
    "php": frozenset(("-d", "-c", "-t")),
    "java": frozenset(("-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-opens", "--add-modules")),
    "bun": frozenset(("-r", "--preload", "--cwd", "-c", "--config")),
    "deno": frozenset(("-c", "--config", "--import-map")),
}
"""Flags of interpreters whose value is a word of its own, which is not the script."""
_INLINE: Mapping[str, frozenset[str]] = {
    "node": frozenset(("-e", "--eval", "-p", "--print")),
    "bun": frozenset(("-e", "--eval")),
    "python": frozenset(("-c",)),
    "ruby": frozenset(("-e",)),
    "perl": frozenset(("-e", "-E")),
    "php": frozenset(("-r",)),
}
"""Flags after which the program itself stands on the command line."""
_COMMANDS: Mapping[str, frozenset[str]] = {
    "bun": frozenset(("run", "x")),
    "deno": frozenset(("run", "serve")),
}
"""Words of an interpreter's own before the script."""

_LAUNCHERS = frozenset(
    (
        *("npm", "npx", "pnpm", "pnpx", "yarn", "bun", "bunx", "deno", "turbo", "nx", "lerna", "corepack"),
        *("cargo", "go", "make", "just", "task", "rake", "bundle", "mix", "rails", "gradle", "gradlew", "mvn", "mvnw"),
        *(
            "uv",
            "uvx",
            "poetry",
            "pipenv",
            "pdm",
            "hatch",
            "rye",
            "tox",
            "manage",
            "docker",
            "docker-compose",
            "podman",
        ),
        *("kubectl", "dotnet", "composer", "artisan", "foreman", "overmind", "tsx", "nodemon", "portdash"),
    )
)
"""Programs whose next words say what they were asked to do; of no other program is an argument shown."""
_PACKAGE_MANAGERS = frozenset(("npm", "npx", "pnpm", "pnpx", "yarn", "corepack"))
_CLI_OF = {"npm-cli": "npm", "npx-cli": "npx", "pnpm.cjs": "pnpm", "yarnpkg": "yarn"}
_WORD = r"[A-Za-z][\w:.@/-]{0,40}"


class Program(NamedTuple):
    """What a command line runs."""

    name: str
    """`vite`, `manage`, `http.server`, `nginx`: without directory and suffix; empty where nothing says it."""
    path: str = ""
    """The script or program as it stands there."""
    runner: str | None = None
    """The interpreter that runs it, without its version: `node`, `python`."""
    arguments: tuple[str, ...] = ()
    """What follows it."""
    flags: tuple[str, ...] = ()
    """What the interpreter was given before it."""


def program_of(name: str, command: Sequence[str]) -> Program:
    """Return what a process called `name` with this command line runs; `name` stands in where that is hidden.

    A title that a process has written over its arguments is read as the line it is: `nginx: master process nginx`,
    `next-server (v15.5.29)`, `npm run dev`.
    """
    return (_read if len(command) <= SHORT else _parse)(name, tuple(command))


def _parse(name: str, command: tuple[str, ...]) -> Program:
    words = _words(command) if command else tuple(name.split())
    if not words:
        return Program("")
    first, *rest = words
    runner = interpreter(bare(first))
    if runner is None:
        return Program(_stem(first), first, None, tuple(rest))
    return _script(runner, rest)


_read = lru_cache(maxsize=2048)(_parse)


def interpreter(program: str) -> str | None:
    """Return the name of an interpreter without its version, None for any other program: `python` for python3.11."""
    found = re.fullmatch(_INTERPRETER, program.casefold())
    return found["plain"].removesuffix("w") if found else None


def bare(path: str) -> str:
    """Return the last part of a path, of either kind."""
    return path[max(path.rfind("/"), path.rfind("\\")) + 1 :]


def title_of(name: str, command: Sequence[str]) -> str:
    """Return what to call a process in a chain: `npm run dev`, `node vite`, `python manage.py runserver`, `zsh`.

    No argument is shown but the script of an interpreter and the first words that a launcher is known to take: the
    others may be secrets.
    """
    program = program_of(name, command)
    if not program.name or program.runner in _SHELLS:
        return program.runner or name
    asked = _asked(program) if program.name in _LAUNCHERS else ()
    if program.name in _PACKAGE_MANAGERS:
        return " ".join((program.name, *asked))  # nobody says `node npm-cli.js`
    watch = ("--watch",) if "--watch" in program.flags else ()
    runner = (program.runner, *watch) if program.runner else ()
    return " ".join((*runner, bare(program.path).rstrip(":"), *asked))


def _asked(program: Program) -> tuple[str, ...]:
    found: list[str] = []
    for word in program.arguments:
        if len(found) == 2 or not re.fullmatch(_WORD, word):
            break
        found.append(word)
    return tuple(found)


def _words(command: Sequence[str]) -> tuple[str, ...]:
    """Return the command line's words; one that is a title as a whole is taken apart, a path with a space is not."""
    first = command[0]
    if " " in first and "/" not in first.partition(" ")[0] and not first.startswith(("/", "./")):
        return (*first.split(), *command[1:])
    if len(command) == 1 and " " in first:
        return tuple(first.split())
    return tuple(command)


def _script(runner: str, rest: Sequence[str]) -> Program:
    """Find what an interpreter runs behind its own flags."""
    words, flags = list(rest), []
    while words and words[0].startswith("-") and words[0] != "-":
        flag = words.pop(0)
        flags.append(flag)
        if flag in ("-m", "-jar") and words:
            return Program(_stem(words[0]), words[0], runner, tuple(words[1:]), tuple(flags))
        if flag in _INLINE.get(runner, ()) or (runner in _SHELLS and "c" in flag and not flag.startswith("--")):
            return Program("", "", runner, (), tuple(flags))
        if flag in _WITH_VALUE.get(runner, ()) and words:
            words.pop(0)
        if runner == "php" and flag == "-S":
            return Program("", "", runner, tuple(words), tuple(flags))
    if words and words[0] in _COMMANDS.get(runner, ()):
        return _script(runner, words[1:])
    if not words or words[0] == "-":
        return Program("", "", runner, (), tuple(flags))
    name = words[0] if runner == "java" else _stem(words[0])
    name = _CLI_OF.get(name, name)
    return Program(name, words[0], runner, tuple(words[1:]), tuple(flags))


def _stem(path: str) -> str:
    return re.sub(_SUFFIX, "", bare(path.rstrip(":"))) or path
