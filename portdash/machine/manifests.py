"""The name a project gives itself in its manifest. Strangers write them: what cannot be read is no name."""

import json
import re
from collections.abc import Callable

from portdash.machine.files import read_small
from portdash.text import clean

LARGEST = 1024 * 1024
"""Bytes of a manifest that are read; a larger one has no name for us."""

_NAME_LIMIT = 80


def manifest_name(root: str) -> str | None:
    """Return the name a directory's manifest has for the project, cleaned; None where there is none that says so.

    Scopes, vendors and module paths are left out: `web` for @shop/web, acme/web and github.com/acme/web/v2.
    """
    for file, reader in _READERS:
        data = read_small(f"{root}/{file}", limit=LARGEST + 1)
        if data is None or len(data) > LARGEST:
            continue
        try:
            name = reader(data.decode("utf-8-sig"))
        except (ValueError, RecursionError):  # broken, or nested deeper than any real manifest
            continue
        if isinstance(name, str) and (short := _short(name)):
            return short
    gradle = _gradle(root)
    return _short(gradle) or None if gradle else None


def _short(name: str) -> str:
    name = re.sub(r"/v\d+$", "", name.strip().rstrip("/"))
    return clean(name.rpartition("/")[2], limit=_NAME_LIMIT)


def _package_json(text: str) -> object:
    return _at(json.loads(text), "name")


def _pyproject(text: str) -> object:
    document = _toml(text)
    return _at(document, "project", "name") or _at(document, "tool", "poetry", "name")


def _cargo(text: str) -> object:
    return _at(_toml(text), "package", "name")


def _toml(text: str) -> object:
    import tomllib  # noqa: PLC0415 (3 ms, only for who has such a manifest)

    return tomllib.loads(text)


def _go_mod(text: str) -> object:
    found = re.search(r"^module[ \t]+\"?([^\s\"]+)", text, re.MULTILINE)
    return found[1] if found else None


def _pom(text: str) -> object:
    """Find the project's own artifact, not its parent's. Not by an XML parser: entities are a way to eat memory."""
    before, parent, after = text.partition("<parent>")
    own = before + after.partition("</parent>")[2] if parent else text
    found = re.search(r"<artifactId>\s*([^<\s]{1,200})\s*</artifactId>", own)
    return found[1] if found else None


def _gradle(root: str) -> str | None:
    """Return the name that stands in the settings: the build itself, a program in Groovy or Kotlin, has none."""
    for file in ("settings.gradle.kts", "settings.gradle"):
        data = read_small(f"{root}/{file}", limit=LARGEST)
        found = re.search(
            rb"^[ \t]*rootProject\.name[ \t]*=[ \t]*[\"']([^\"'$\r\n]{1,200})[\"']", data or b"", re.MULTILINE
        )
        if found:
            return found[1].decode("utf-8", "replace")
    return None


def _mix(text: str) -> object:
    found = re.search(r"\bapp:\s{0,20}:([a-z]\w{0,100})", text)
    return found[1] if found else None


def _deno(text: str) -> object:
    """Read the name; deno.json may have comments, which lines of their own may be and a reader of JSON refuses."""
    return _at(json.loads(re.sub(r"^[ \t]*//.*$", "", text, flags=re.MULTILINE)), "name")


def _at(document: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document


_READERS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("package.json", _package_json),
    ("pyproject.toml", _pyproject),
    ("Cargo.toml", _cargo),
    ("go.mod", _go_mod),
    ("composer.json", _package_json),
    ("pom.xml", _pom),
    ("mix.exs", _mix),
    ("deno.json", _deno),
)
