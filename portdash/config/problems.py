"""What is wrong with a configuration: one `Problem` each, gathered so that all can be shown at once."""

from collections.abc import Iterable

from portdash.errors import ConfigError, UnknownEnvironment
from portdash.named_tuple import NamedTuple
from portdash.text import and_list, clean, plural

_SYNONYMS = {
    "port": "preferred", "ports": "preferred", "inherits": "inherit_from", "cmd": "command", "run": "command",
    "description": "purpose", "env_var": "env", "variable": "env", "healthcheck": "health", "regex": "match",
    "hook": "hooks", "service": "services", "envs": "environments", "env_file": "env",
}  # fmt: skip
_SECRET_WORDS = ("token", "password", "passwd", "secret", "authorization", "cookie", "api_key")


class Problem(NamedTuple):
    """One thing that is wrong, and where. All text is clean and on one line."""

    place: str
    """The file, variable or flag."""
    message: str
    key: str = ""
    """Key in the file, such as `services.web.preferred`; empty where the whole file is meant."""
    value: str | None = None
    """The value, shortened, secrets taken out; None where there is none to show."""
    hint: str | None = None
    environment: bool = False
    """Whether an unknown environment is what is wrong."""

    def __str__(self) -> str:
        """Return the line that names file, key, value and what is wrong with it."""
        if self.environment:
            return self.message
        what = f"{self.key} = {self.value}" if self.key and self.value is not None else self.key or self.value
        return ": ".join(part for part in (self.place, what, self.message) if part)

    def error(self) -> ConfigError:
        """Return it as an error to raise."""
        return (UnknownEnvironment if self.environment else ConfigError)(str(self), hint=self.hint)


MOST = 100
"""Problems that are gathered; nobody reads more at once."""


class Problems:
    """Gathers problems, each only once, and no more than `MOST`."""

    def __init__(self) -> None:
        self._found: dict[Problem, None] = {}

    def add(self, problem: Problem) -> None:
        """Note one problem."""
        if not self.is_full:
            self._found.setdefault(problem)

    @property
    def is_full(self) -> bool:
        """Whether no more are noted."""
        return len(self._found) >= MOST

    def all(self) -> tuple[Problem, ...]:
        """Return what was noted, in order."""
        return tuple(self._found)

    def raise_first(self) -> None:
        """Raise ConfigError for the first problem, saying how many more there are; return when there is none."""
        if not self._found:
            return
        first, *others = self._found
        if others:
            more = f"`portdash config check` lists {plural(len(others), 'more problem')}"
            first = first._replace(hint=f"{first.hint}; {more}" if first.hint else more)
        raise first.error()


class Rejected(ValueError):
    """A value that will not do; `hint` says what would."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, None when none is near."""
    names = {name.casefold(): name for name in known}
    lower = word.casefold()
    if (same := names.get(_SYNONYMS.get(lower, ""))) is not None:
        return same
    if len(lower) >= 3 and len(longer := [name for name in names if name.startswith(lower)]) == 1:
        return names[longer[0]]
    from difflib import get_close_matches  # noqa: PLC0415  only needed once something is wrong

    cutoff = 0.7 if len(lower) > 4 else 0.6  # one wrong letter of three is a third of the word
    found = get_close_matches(lower[:80], names, n=1, cutoff=cutoff)
    return names[found[0]] if found else None


def suggestion(word: str, known: Iterable[str], *, what: str = "known here") -> str | None:
    """Return a hint: the nearest known name, or all of them, or None when there are none."""
    names = list(known)
    if near := nearest(word, names):
        return f"did you mean {clean(near)}?"
    return f"{what}: {and_list(clean(name) for name in names)}" if names else None


def shown(key: str, value: object) -> str:
    """Return a value of a file on one short line; what a secret's key holds is not shown."""
    name = key.rpartition(".")[2].casefold()
    if any(word in name for word in _SECRET_WORDS):
        return "***"
    if isinstance(value, dict):
        return "a table"
    if not isinstance(value, list):
        return _scalar(value)
    if len(value) > 8 or any(isinstance(each, (dict, list)) for each in value):
        return "a list"
    return f"[{', '.join(map(_scalar, value))}]"


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{clean(_without_userinfo(value[:400]), limit=60)}"'
    if isinstance(value, int) and abs(value) >= 10**40:  # turning a huge number into text is refused by Python
        return "a huge number"
    return clean(str(value), limit=60)


def _without_userinfo(text: str) -> str:
    scheme, mark, rest = text.partition("://")
    return f"{scheme}{mark}***@{rest.rpartition('@')[2]}" if mark and "@" in rest else text
