"""Which projects the user trusts: `trusted.json` in the state directory, path and SHA-256 of each project file.

Trust holds for exactly the content that was looked at, at the place where it was: an edited, moved or copied file waits
again. The record itself counts only when nobody else can have written it.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from portdash.config.files import ReadFile, read_file
from portdash.config.paths import TRUSTED
from portdash.errors import ConfigError
from portdash.files import replace_file
from portdash.text import clean

_VERSION = 1


def is_trusted(path: Path, state_dir: Path, *, content: bytes | None = None) -> bool:
    """Say whether a project file is trusted as it is now, or as `content`, which the caller has read from it.

    Raises ConfigError when the record, or the file, cannot be read.
    """
    if content is None:
        content = _existing(path).content
    return _trusted(state_dir).get(_name(path)) == _digest(content)


def record_trust(path: Path, state_dir: Path) -> str:
    """Trust a project file as it is now, in place of what was trusted at its path; return its SHA-256.

    Raises ConfigError when the file must not count at all or the record cannot be read or written.
    """
    file = _existing(path)
    if file.suspect:
        raise ConfigError(f"{clean(str(path), limit=None)} {file.suspect}", hint="make it your own: chown, chmod o-w")
    digest = _digest(file.content)
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(state_dir):
            _write(state_dir, {**_trusted(state_dir), _name(path): digest})
    except OSError as error:
        raise ConfigError(
            f"{clean(str(state_dir / TRUSTED), limit=None)} cannot be written: {error.strerror or error}",
            hint="check the permissions and free space of that directory",
        ) from error
    return digest


def _digest(content: bytes) -> str:
    from hashlib import sha256  # noqa: PLC0415  OpenSSL with it, which a dashboard open for days need not hold

    return sha256(content).hexdigest()


def _existing(path: Path) -> ReadFile:
    if (file := read_file(path)) is None:
        raise ConfigError(f"{clean(str(path), limit=None)}: no such file", hint="name a portdash.toml that exists")
    return file


def _name(path: Path) -> str:
    """What a project file is recorded under: links resolved, so that one place has one name."""
    return os.path.realpath(path)


def _trusted(state_dir: Path) -> Mapping[str, str]:
    """SHA-256 by path. A damaged record, or one that another user can write, is an error: never overwritten."""
    path = state_dir / TRUSTED
    if (file := read_file(path)) is None:
        return {}
    why = file.suspect
    if not why:
        try:
            found = json.loads(file.content)
        except (ValueError, RecursionError):
            found = None
        trusted = found.get("trusted") if isinstance(found, dict) and found.get("version") == _VERSION else None
        if isinstance(trusted, dict) and all(isinstance(digest, str) for digest in trusted.values()):
            return trusted
        why = "is not a record of trust"
    raise ConfigError(
        f"{clean(str(path), limit=None)} {why}", hint="move it away, and run `portdash trust` again in each project"
    )


def _write(state_dir: Path, trusted: Mapping[str, str]) -> None:
    """Replace the record as a whole: a reader sees the old one or the new one."""
    text = json.dumps({"version": _VERSION, "trusted": dict(sorted(trusted.items()))}, indent=2) + "\n"
    replace_file(state_dir / TRUSTED, text.encode("utf-8", "surrogateescape"), mode=0o600)


@contextmanager
def _locked(state_dir: Path) -> Iterator[None]:
    """Keep other processes from writing meanwhile, where the system has such locks; the file stays for the next."""
    try:
        from fcntl import LOCK_EX, flock  # noqa: PLC0415  not everywhere
    except ImportError:
        yield
        return
    with (state_dir / f"{TRUSTED}.lock").open("ab") as file:
        flock(file, LOCK_EX)
        yield
