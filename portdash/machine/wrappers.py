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
_FOR_A_PERSON = frozenset(("-i", "-il", "-li", "--rcfile", "--init-file", "--interactive"))
"""Options of a shell that waits for somebody to type."""
_WORDS = 3
"""Words of a command line that may name the program: an interpreter, its option, a script."""


def is_shell(name: str, command: Sequence[str] = ()) -> bool:
    """Say whether a process is a shell; a script is one, too, though the kernel calls it by its own name."""
    return any(_bare(word).removeprefix("-") in _SHELLS for word in (name, *command[:1]))


def has_an_order(command: Sequence[str]) -> bool:
    """Say whether a shell was started to run a command or a script, and not for a person to type into."""
    words = command[1:]
    if any(word in _FOR_A_PERSON for word in words):
        return False
    return any(not word.startswith(("-", "+")) for word in words) or any(_has_letter(word, "c") for word in words)


def _has_letter(word: str, letter: str) -> bool:
    """Say whether a word is a group of options of one letter each, with this one: `-lc`."""
    return word.startswith("-") and not word.startswith("--") and letter in word


def is_reloader(name: str, command: Sequence[str]) -> bool:
    """Say whether a program starts its server again when that ends."""
    words = {_bare(word) for word in (name, *command[:_WORDS])}
    return bool(words & _RELOADERS) or any(
        word == flag or word.startswith(f"{flag}=") for word in command for flag in _RELOADING
    )


def _bare(word: str) -> str:
    """Return the name of a program or script without its directory and ending: `/x/nodemon.js` is `nodemon`."""
    return word.rpartition("/")[2].casefold().removesuffix(".js").removesuffix(".exe")
