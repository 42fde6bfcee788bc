"""Which key runs which command: the defaults, changed by `[keys]`, checked here because Textual accepts anything."""

import unicodedata
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache, cached_property
from typing import NamedTuple

from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS, Keys

from portdash.dashboard.commands import BY_ID, COMMANDS, Command
from portdash.dashboard.key_names import KeyNames
from portdash.errors import ConfigError
from portdash.record import record
from portdash.text import clean

_MODIFIERS = frozenset({"ctrl", "shift", "alt", "super", "meta", "hyper"})
_NAMES = frozenset(key.value for key in Keys if not key.value.startswith("<")) | {"minus", "plus", "comma"}
_WRITTEN = "a key is one character, a name such as f5, enter or pagedown, or ctrl+ with one of them"
_SYMBOLS = {
    "!": "exclamation_mark",
    '"': "quotation_mark",
    "#": "number_sign",
    "$": "dollar_sign",
    "%": "percent_sign",
    "&": "ampersand",
    "'": "apostrophe",
    "(": "left_parenthesis",
    ")": "right_parenthesis",
    "*": "asterisk",
    "+": "plus_sign",
    ",": "comma",
    "-": "hyphen_minus",
    ".": "full_stop",
    "/": "solidus",
    ":": "colon",
    ";": "semicolon",
    "<": "less_than_sign",
    "=": "equals_sign",
    ">": "greater_than_sign",
    "?": "question_mark",
    "@": "commercial_at",
    "[": "left_square_bracket",
    "\\": "reverse_solidus",
    "]": "right_square_bracket",
    "^": "circumflex_accent",
    "_": "low_line",
    "`": "grave_accent",
    "{": "left_curly_bracket",
    "|": "vertical_line",
    "}": "right_curly_bracket",
    "~": "tilde",
}
"""What Unicode calls the symbols of ASCII. Its own table is a third of a megabyte, of which no more is wanted."""
_PRINTED = {
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pagedown": "pgdn",
    "pageup": "pgup",
}


@record(slots=False)
class Keymap:
    """The keys in force."""

    keys: Mapping[str, tuple[str, ...]]
    """Keys of each command's id, as Textual names them; empty for a command that was switched off."""
    by_key: Mapping[str, Command]

    def printed(self, command_id: str) -> tuple[str, ...]:
        """Return the keys of a command as they are printed on a keyboard."""
        return tuple(print_key(key) for key in self.keys.get(command_id, ()))

    @cached_property
    def names(self) -> KeyNames:
        """How texts name these keys."""
        printed = {command.id: self.printed(command.id) for command in COMMANDS}
        return KeyNames(printed, {command.id: command.label for command in COMMANDS})

    def bindings(self, *, everywhere: bool) -> list[Binding]:
        """Return the bindings of the main screen, or those that work everywhere."""
        return [
            Binding(
                key,
                command.id,
                command.label,
                show=False,
                id=command.id,
                tooltip=command.help,
                priority=everywhere,
            )
            for command in COMMANDS
            if command.is_global is everywhere
            for key in self.keys[command.id]
        ]


def make_keymap(changes: Mapping[str, str]) -> Keymap:
    """Apply `[keys]` to the defaults. An empty text switches a command off.

    Raises ConfigError for an unknown id, a key that does not exist, and two commands on one key.
    """
    found: list[Mistake] = []
    keymap = _made(changes, found)
    for mistake in found:
        raise ConfigError(f"[keys] {mistake}", hint=mistake.hint)
    return keymap


class Mistake(NamedTuple):
    """What is wrong with a line of `[keys]`."""

    name: str
    """The id on the left."""
    text: str | None
    """What it is set to, where that is what is wrong; else None."""
    message: str
    hint: str

    def __str__(self) -> str:
        """Return it as one line."""
        what = clean(self.name) if self.text is None else f"{clean(self.name)} = {clean(self.text)!r}"
        return f"{what}: {self.message}"


def mistakes(changes: Mapping[str, str]) -> tuple[Mistake, ...]:
    """Return all that is wrong with `[keys]`."""
    found: list[Mistake] = []
    _made(changes, found)
    return tuple(found)


def _made(changes: Mapping[str, str], found: list[Mistake]) -> Keymap:
    """Return the keys in force as far as `[keys]` can be followed; what cannot goes into `found`."""
    keys = {command.id: tuple(map(key_name, command.keys)) for command in COMMANDS}
    for name, text in changes.items():
        if name not in BY_ID:
            near = get_close_matches(name, BY_ID, n=1)
            hint = f"did you mean {near[0]}?" if near else f"commands are {', '.join(sorted(BY_ID))}"
            found.append(Mistake(name, None, "there is no such command", hint))
            continue
        parts = _split(text)
        if name == "leave" and not parts:
            found.append(Mistake(name, "", "that would leave no way out of a dialog", "give leave some key"))
        found += (Mistake(name, part, "that is not a key", _WRITTEN) for part in parts if not _is_key(part))
        keys[name] = tuple(key_name(part) for part in parts if _is_key(part))
    return Keymap(keys, _by_key(keys, changes, found))


def _by_key(keys: Mapping[str, Sequence[str]], changes: Mapping[str, str], found: list[Mistake]) -> dict[str, Command]:
    by_key: dict[str, Command] = {}
    for name, each in keys.items():
        for key in each:
            if key in by_key and by_key[key].id != name:
                ours, other = sorted((name, by_key[key].id), key=lambda one: one not in changes)
                hint = f'give {other} another key, or switch it off: {other} = ""'
                found.append(Mistake(ours, print_key(key), f"{other} has that key", hint))
            by_key.setdefault(key, BY_ID[name])
    return by_key


def _split(text: str) -> list[str]:
    text = text.strip()
    return [text] if text == "," else [part.strip() for part in text.split(",") if part.strip()]


def _is_key(text: str) -> bool:
    *modifiers, base = key_name(text).split("+")
    known = len(base) == 1 or base in _NAMES or base in _symbol_names()
    return known and base.isprintable() and all(modifier in _MODIFIERS for modifier in modifiers)


def key_name(text: str) -> str:
    """Return what Textual calls a key that is written `?`, `:` or `ctrl+l`."""
    if len(text) != 1 or text.isalnum():
        return text if len(text) == 1 else text.casefold()
    name = _SYMBOLS.get(text) or unicodedata.name(text, text).lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


@cache
def _symbol_names() -> Mapping[str, str]:
    return {key_name(symbol): symbol for symbol in _SYMBOLS}


def print_key(key: str) -> str:
    """Return a key as people know it: `?` for question_mark, `esc` for escape."""
    return _PRINTED.get(key) or _symbol_names().get(key, key)
