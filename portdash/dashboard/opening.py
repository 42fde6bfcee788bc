"""Handing a URL to a browser and a file to an editor: what is started, and what is said where nothing can be."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from portdash.errors import PortdashError, UsageError
from portdash.text import clean

_TAKES_A_LINE = re.compile(r"(?:n?vim?|nano|emacs|emacsclient|micro|kak|joe|ne|mg|ed)$")
"""Editors that go to a line given as `+12`."""


def open_url(url: str, environ: Mapping[str, str]) -> str:
    """Open `url` in a browser of this machine; return what was done, or how to get there from where one is.

    Over ssh only `$BROWSER` is used: any other browser would open where nobody looks.
    """
    command = browser(environ)
    if command is None:
        return _from_afar(url, environ)
    try:
        # Its own session, so that closing the dashboard closes no browser; it writes over nobody's screen.
        subprocess.Popen(
            [*command, url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return f"{url} (no browser: {clean(command[0])} {error.strerror or error})"
    return f"{url} opened with {clean(command[0])}"


def browser(environ: Mapping[str, str], platform: str = sys.platform) -> list[str] | None:
    """Return the command that opens a URL; None where no browser can be seen."""
    first = environ.get("BROWSER", "").split(os.pathsep)[0]
    if first:
        with suppress(ValueError):  # a quote that never ends is no command
            return [part for part in shlex.split(first) if part != "%s"] or None
    if is_remote(environ):
        return None
    if platform == "darwin":
        return ["open"]
    if platform == "win32":
        return ["explorer"]
    has_screen = environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    return ["xdg-open"] if has_screen and shutil.which("xdg-open", path=environ.get("PATH")) else None


def is_remote(environ: Mapping[str, str]) -> bool:
    """Say whether the terminal is on another machine."""
    return bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))


def _from_afar(url: str, environ: Mapping[str, str]) -> str:
    if not is_remote(environ):
        return f"{url} (no browser here; set BROWSER)"
    port = url.rpartition(":")[2]
    connection = environ.get("SSH_CONNECTION", "").split()
    host = clean(connection[2]) if len(connection) == 4 else "HOST"
    return f"{url} is on this host: ssh -L {port}:localhost:{port} {host}"


def edit_file(path: Path, service: str, environ: Mapping[str, str]) -> None:
    """Edit a file in the user's editor, at the table of a service. Blocks; raises UsageError where that fails."""
    text = environ.get("VISUAL") or environ.get("EDITOR") or "vi"
    try:
        command = shlex.split(text)
    except ValueError:
        command = []
    if not command:
        raise UsageError("EDITOR is no command", hint="set EDITOR to one, such as nano")
    line = line_of(path, service)
    if line and _TAKES_A_LINE.search(Path(command[0]).name):
        command.append(f"+{line}")
    try:
        done = subprocess.run([*command, str(path)], check=False)
    except OSError as error:
        hint = "set EDITOR to a program that is there"
        raise UsageError(f"{clean(command[0])} cannot be started: {error.strerror or error}", hint=hint) from error
    if done.returncode:
        raise PortdashError(
            f"{clean(command[0])} ended with {done.returncode}", hint="the file may not have been saved"
        )


def check_there(path: Path) -> None:
    """Raise UsageError where a file is no more that was there a look ago, or never was: on the invented machine."""
    if not path.is_file():
        raise UsageError(
            f"{clean(str(path), limit=None)} is not there", hint="it was moved or removed, or its machine is invented"
        )


def line_of(path: Path, service: str) -> int | None:
    """Return the number of the line that declares a service, None where none does."""
    header = re.compile(rf"\s*\[\s*services\s*\.\s*[\"']?{re.escape(service)}[\"']?\s*\]", re.IGNORECASE)
    with suppress(OSError, UnicodeDecodeError):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if header.match(line):
                return number
    return None
