"""What can be copied of a row: the lines of the menu of `Y`."""

import shlex
from collections.abc import Iterator

from portdash.dashboard.context import Context
from portdash.dashboard.rows.help_row import HelpRow
from portdash.manager.naming import suggest_name
from portdash.model.listener import Listener
from portdash.model.snapshot import ServiceView
from portdash.report.redaction import mask_secrets
from portdash.text import clean

_SHOWN = 40
"""Cells of a text that the menu shows; what is copied is the whole of it."""


def copies_of(context: Context) -> list[HelpRow]:
    """Return what there is, each with its letter; the command of a line is the text that is copied."""
    return [HelpRow(key, label, _shown(text), command=text) for key, label, text in _copies(context) if text]


def _copies(context: Context) -> Iterator[tuple[str, str, str]]:
    view, held = context.service, context.held
    port = held.port if held and (view is None or view.port is None) else view.port if view else None
    yield "u", "URL", context.url
    yield "p", "port", "" if port is None else str(port)
    yield "i", "pid", str(held.pid) if held and held.pid else ""
    yield "c", "command", mask_secrets(_command(held)) if held else ""
    yield "e", "variable", _variable(view, port)
    yield "d", "directory", _directory(view, held, context)
    yield "h", "curl", f"curl -i {context.url}/" if context.url else ""
    yield "t", "TOML", _toml(view, held, port)


def _variable(view: ServiceView | None, port: int | None) -> str:
    if port is None:
        return ""
    return f"{view.spec.variable if view else 'PORT'}={port}"


def _command(held: Listener) -> str:
    """Return the command line as it was given, quoted; for a container its image."""
    command = held.server.command if held.server else None
    if command:
        return " ".join(map(_quoted, command))
    return held.container.image or "" if held.container else ""


def _quoted(word: str) -> str:
    """Return a word as a shell takes it; what cannot be printed is escaped: pasted it would work on the terminal."""
    if word.isprintable():
        return shlex.quote(word)
    return f"$'{''.join(map(_escaped, word))}'"


def _escaped(char: str) -> str:
    if char.isprintable() and char not in "\\'":
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))


def _directory(view: ServiceView | None, held: Listener | None, context: Context) -> str:
    if held and held.owner and held.owner.cwd:
        return held.owner.cwd
    if view is None or view.is_remote or context.facts is None:
        return ""
    workspace = context.facts.snapshot.workspace_named(view.key.workspace)
    return (workspace.root or "") if workspace else ""


def _toml(view: ServiceView | None, held: Listener | None, port: int | None) -> str:
    """Return the table that declares it, to be pasted into a portdash.toml."""
    if port is None:
        return ""
    from portdash.config.declaring import NewService, block  # noqa: PLC0415  loads what writes TOML

    name = view.name if view else suggest_name(held) if held else ""
    kind = {"type": view.spec.type} if view and view.spec.type else {}
    return block(NewService(name=name, values={**kind, "preferred": (port,)}))


def _shown(text: str) -> str:
    """Return the beginning of what is copied: the other lines want room, too."""
    first, *more = text.splitlines()
    return clean(first, limit=_SHOWN) + (" …" if more else "")
