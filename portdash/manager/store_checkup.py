"""Whether all is well with the place where the assignments are kept."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from portdash.config.settings import Config
from portdash.errors import PortdashError
from portdash.machine.textfile import read_text
from portdash.manager.deps import Deps
from portdash.manager.store_care import store_place
from portdash.model.checkup import Check, Level
from portdash.planning.system_checkup import LEAST_DISK, size_text
from portdash.store.filesystem import MOUNTS, type_of
from portdash.store.inspection import Inspection, inspect
from portdash.text import clean, plural

STORE = "store"
LARGE = 64 * 1024**2
"""Bytes of a store that has grown beyond what assignments need."""


def place_checks(config: Config, environ: Mapping[str, str], home: Path) -> Iterator[Check]:
    """Yield what is to be said of the store before it is opened. Every page and row of a file is looked at."""
    try:
        place = store_place(config, environ, home)
    except PortdashError as error:
        yield _said(Level.FAIL, error.message, error.hint)
        return
    if place.file is None:
        yield _said(Level.OK, f"assignments are kept at {clean(place.url, limit=None)}")
        return
    found = inspect(place.file, read_only=True)
    if found.trouble is not None:
        yield _said(Level.FAIL, found.trouble.message, found.trouble.hint)
    yield from _of_file(found)


def held_checks(deps: Deps) -> Iterator[Check]:
    """Yield what the store itself tells, now that it is open."""
    held = deps.held
    if held is None:
        return
    if held.stale_since is not None:
        yield _said(Level.FAIL, "the store is out of reach, and what is known is a copy", "see what follows")
    for notice in held.notices:
        yield _said(Level.WARN, notice)
    if deps.config.store.startswith("json:"):
        state = deps.store.snapshot()
        for notice in state.notices:
            if notice not in held.notices:
                yield _said(Level.WARN, notice)
        yield from _committed(Path(deps.config.store.removeprefix("json:")))
    if held.plans:
        text = f"{plural(len(held.plans), 'plan')} of a program that was ended half way"
        yield _said(Level.WARN, text, "the next command without --read-only settles it")
    yield _said(
        Level.OK,
        f"revision {held.revision}: {plural(len(held.assignments), 'assignment')} in"
        f" {plural(len(held.workspaces), 'workspace')}",
    )


def _of_file(found: Inspection) -> Iterator[Check]:
    name = clean(str(found.path), limit=None)
    if not found.exists:
        yield _said(Level.OK, f"{name} is not there yet: the first assignment makes it")
    elif found.trouble is None:
        copies = f", {plural(len(found.copies), 'copy', 'copies')} beside it" if found.copies else ""
        yield _said(Level.OK, f"{name} is sound: {size_text(found.size)}, format {found.format}{copies}")
    if found.size > LARGE:
        yield _said(Level.WARN, f"it has grown to {size_text(found.size)}", "`portdash store info` says what is in it")
    if found.free is not None and found.free < LEAST_DISK:
        yield _said(Level.WARN, f"only {size_text(found.free)} are free on its disk", "make room there")
    directory = next((each for each in found.path.parents if each.is_dir()), None)
    if directory is not None and not os.access(directory, os.W_OK):
        text = f"{clean(str(directory), limit=None)} may not be written to: assignments can be read, not changed"
        yield _said(Level.WARN, text, "check its permissions, or set PORTDASH_STORE to another place")
    if kind := _file_system(found.path):
        yield _said(Level.OK, f"it lies on a file system of type {clean(kind)}")


def _file_system(path: Path) -> str:
    try:
        return type_of(str(path), MOUNTS.read_text("utf-8", "surrogateescape"))
    except OSError:
        return ""  # the system has no such table


def _committed(file: Path) -> Iterator[Check]:
    try:
        found = read_text(file, project=file.parent)
    except PortdashError as error:
        yield _said(Level.FAIL, error.message, error.hint)
        return
    there = "is there" if found.text is not None else "is not there yet"
    yield _said(Level.OK, f"the committed file {clean(str(file), limit=None)} {there}")


def _said(level: Level, text: str, hint: str | None = None) -> Check:
    return Check(section=STORE, level=level, text=clean(text, limit=None), hint=hint)
