"""The bearer token: 256 bits in a file that its owner alone can read."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from portdash.errors import Refused
from portdash.files import replace_file, write_new
from portdash.text import clean

NAME = "api-token"
"""The file's name in the state directory."""
_BYTES = 32
_LONGEST = 1024
"""Bytes of a token's file that are read."""
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


class FixedToken:
    """A token that was handed over, such as that of PORTDASH_TOKEN."""

    def __init__(self, token: str) -> None:
        self._digest = _digest(token)

    def matches(self, presented: str) -> bool:
        """Say whether it is this one."""
        return hmac.compare_digest(self._digest, _digest(presented))


class TokenFile:
    """The token of a file, read again whenever that is another: a rotated token counts from the next request on.

    While the file is not one that its owner alone can read, no token is right.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] | None = None
        self._token: FixedToken | None = None

    def matches(self, presented: str) -> bool:
        """Say whether it is the one in the file now."""
        try:
            found = self._path.lstat()
        except OSError:
            return False
        seen = (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
        if seen != self._seen:
            self._seen, self._token = seen, None
            with suppress(Refused, FileNotFoundError):
                self._token = FixedToken(read_token(self._path))
        return self._token is not None and self._token.matches(presented)


def token_path(state: Path) -> Path:
    """Return where the token is kept, in the state directory."""
    return state / NAME


def read_token(path: Path) -> str:
    """Return the token of a file. Raises FileNotFoundError, and Refused where others could have read or written it."""
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _refused(path, "it is a link, or cannot be opened") from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _refused(path, "it is no ordinary file")
        if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
            raise _refused(path, "it belongs to another user")
        if os.name != "nt" and stat.S_IMODE(found.st_mode) & 0o077:
            raise _refused(path, f"others may use it (mode {stat.S_IMODE(found.st_mode):o})")
        text = os.read(descriptor, _LONGEST).decode("ascii", "replace").strip()
    finally:
        os.close(descriptor)
    if len(text) < _BYTES:
        raise _refused(path, "what it holds is too short for a token")
    return text


def given_token(token: str) -> FixedToken:
    """Return a token that was handed over in the environment. Raises Refused for one that could be guessed."""
    if len(token) < _BYTES:
        raise Refused(
            f"PORTDASH_TOKEN is too short for a token: it has {len(token)} characters, and needs {_BYTES}",
            hint="`openssl rand -hex 32` makes one; without the variable the one of `portdash token path` counts",
        )
    return FixedToken(token)


def ensure_token(path: Path) -> bool:
    """Make a token unless there is one; say whether it was made. Raises Refused, OSError."""
    try:
        read_token(path)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another server was faster; its token is as good
            write_new(path, _fresh(), mode=0o600)
            return True
        read_token(path)
    return False


def rotate_token(path: Path) -> None:
    """Put a new token in the place of whatever is there; the old one is worth nothing from now on. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(path, _fresh(), mode=0o600)


def _fresh() -> bytes:
    return secrets.token_urlsafe(_BYTES).encode("ascii") + b"\n"


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


def _refused(path: Path, why: str) -> Refused:
    return Refused(
        f"the token in {clean(str(path))} cannot be trusted: {why}",
        hint="`portdash token rotate` puts a new one there, for you alone",
    )
