"""The files of a directory that a person wrote, read one by one: never a pipe or a device, never much of one.

Where git keeps a directory it says which files there are, so that what it ignores is left out. Nothing that the
repository's configuration names is run.
"""

import errno
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from portdash.machine.files import read_open
from portdash.machine.git import ls_files

LARGEST = 1024 * 1024
"""Bytes of the largest file that is read."""
MOST_FILES = 100_000
"""Files that are looked at."""
TIMEOUT = 30.0
"""Seconds that git may take to list what is there."""
_HEAD = 8192
"""Bytes at whose beginning a NUL says that a file is no text."""


class Skipped(StrEnum):
    """Why a file was not read."""

    TOO_LARGE = "larger than 1 MiB"
    BINARY = "not text"
    UNREADABLE = "not readable"
    NO_FILE = "no plain files"
    TOO_MANY = f"beyond the first {MOST_FILES}"


class Source(NamedTuple):
    """One file."""

    path: str
    """From the directory that was asked for, with `/`."""
    text: str
    """UTF-8, other bytes as surrogates."""


class SourceFiles:
    """The files below a directory, or the one file that `root` is.

    `wanted` gets each path, relative and with `/`, and says whether the file is to be read; `skips` whether a directory
    of that name is not to be gone into. What was not read though it was wanted is counted in `skipped`.
    """

    def __init__(self, root: str, *, wanted: Callable[[str], bool], skips: Callable[[str], bool]) -> None:
        self._root = root
        self._wanted = wanted
        self._skips = skips
        self.skipped: Counter[Skipped] = Counter()
        self.read = 0
        """Files that were read."""

    def __iter__(self) -> Iterator[Source]:
        """Read the files in the order of their paths within each directory. Raises OSError for the root alone."""
        if "\0" in self._root:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._root)
        if not stat.S_ISDIR(Path(self._root).stat().st_mode):
            directory, name = os.path.split(os.path.realpath(self._root))  # a link that a person names is followed
            yield from self._sources(directory, iter((name,)))
            return
        os.scandir(self._root).close()
        yield from self._sources(self._root, self._paths())

    def _sources(self, base: str, paths: Iterator[str]) -> Iterator[Source]:
        looked = 0
        for path in paths:
            if not self._wanted(path):
                continue
            looked += 1
            if looked > MOST_FILES:
                self.skipped[Skipped.TOO_MANY] += 1
                continue
            text = self._text(f"{base}/{path}")
            if text is not None:
                self.read += 1
                yield Source(path, text)

    def _paths(self) -> Iterator[str]:
        """Yield the files of a directory, those of its subdirectories after its own. Links are not followed."""
        waiting = [""]
        while waiting:
            below = waiting.pop()
            listed = listed_by_git(f"{self._root}/{below}") if self._is_kept(below) else None
            if listed:
                yield from (f"{below}{path}" for path in sorted(listed))
                continue
            try:
                with os.scandir(f"{self._root}/{below}") as entries:
                    found = sorted(entries, key=lambda entry: entry.name)
            except OSError:
                self.skipped[Skipped.UNREADABLE] += 1
                continue
            directories = []
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    directories.append(entry.name)
                elif not entry.is_symlink():
                    yield f"{below}{entry.name}"
            waiting += [f"{below}{name}/" for name in reversed(directories) if not self._skips(name)]

    def _is_kept(self, below: str) -> bool:
        """Say whether a directory is the top of a repository; the one asked for may also lie within one."""
        if below:
            return os.path.lexists(f"{self._root}/{below}.git")
        here = Path(os.path.realpath(self._root))
        return any(os.path.lexists(each / ".git") for each in (here, *here.parents))

    def _text(self, path: str) -> str | None:
        """Return what a file says, None where it was skipped; that is counted."""
        content = _content(path)
        if isinstance(content, Skipped):
            self.skipped[content] += 1
            return None
        return content.decode("utf-8", "surrogateescape")


def _content(path: str) -> bytes | Skipped:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    except (OSError, ValueError):
        return Skipped.NO_FILE if Path(path).is_symlink() else Skipped.UNREADABLE
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return Skipped.NO_FILE
        if status.st_size > LARGEST:
            return Skipped.TOO_LARGE
        content = read_open(descriptor, LARGEST + 1)
    except OSError:
        return Skipped.UNREADABLE
    finally:
        os.close(descriptor)
    if len(content) > LARGEST:
        return Skipped.TOO_LARGE
    return Skipped.BINARY if b"\0" in content[:_HEAD] else content


def listed_by_git(directory: str) -> list[str] | None:
    """Return the files below a directory that git keeps or would keep, None without git or where it does not answer."""
    found = ls_files("-z", "--cached", "--others", "--exclude-standard", directory=directory, timeout=TIMEOUT)
    if found is None:
        return None
    return list(dict.fromkeys(os.fsdecode(path) for path in found.split(b"\0") if path))
