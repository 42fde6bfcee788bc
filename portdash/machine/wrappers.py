"""Programs that stand above a server only to start it: shells with one order, and reloaders. Mostly data."""

from collections.abc import Sequence

_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "fish", "ksh", "mksh", "ash", "busybox", "tcsh", "csh", "nu", "pwsh"))
_RELOADERS = frozenset(
    (
        "nodemon",
        "node-dev",
        "ts-node-dev",
        "tsnd",
        "watchexec",
        "entr",
        "air",
        "reflex",
        "cargo-watch",
        "watchmedo",
        "hupper",
        "gow",
        "modd",
        "rerun",
        "gunicorn",
        "hypercorn",
    )
)
"""They start their server again whenever it ends, each in its own way."""
_RELOADING = ("--watch", "--reload", "--autoreload")
"""Arguments by which another program says that it does so."""
_WORDS = 3
"""Words of a command line that may name the program: an interpreter, its option, a script."""


def is_shell(name: str) -> bool:
    """Say whether a process is a shell, as the kernel calls it."""
    return name.casefold().removeprefix("-") in _SHELLS


def has_an_order(command: Sequence[str]) -> bool:
    """Say whether a shell was started to run a command or a script, and not for a person to type into."""
    return any(word == "-c" or not word.startswith("-") for word in command[1:]) or any(
        word.startswith("-") and not word.startswith("--") and word.endswith("c") for word in command[1:2]
    )


def is_reloader(name: str, command: Sequence[str]) -> bool:
    """Say whether a program starts its server again when that ends."""
    words = {_bare(word) for word in (name, *command[:_WORDS])}
    return bool(words & _RELOADERS) or any(
        word == flag or word.startswith(f"{flag}=") for word in command for flag in _RELOADING
    )


def _bare(word: str) -> str:
    """Return the name of a program or script without its directory and ending: `/x/nodemon.js` is `nodemon`."""
    return word.rpartition("/")[2].casefold().removesuffix(".js").removesuffix(".exe")
