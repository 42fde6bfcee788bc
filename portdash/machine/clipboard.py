"""The clipboard of this machine: copying by every program that may work, and saying which did.

The escape sequence OSC 52 reaches the terminal in front of the person, over ssh too, but nobody answers it: some
terminals ignore it. tmux passes it on only when told to, `tmux load-buffer -w` in every setting. A program of the
desktop answers, but copies on the machine it runs on: over ssh that is the wrong one.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence

from portdash.record import record
from portdash.text import and_list, clean

TIMEOUT = 1.0
"""Seconds a helper may take."""

Run = Callable[[Sequence[str], bytes], bool]
"""Starts a program with text on its standard input; says whether it succeeded."""


@record
class Helper:
    """A program that takes the clipboard's text on its standard input."""

    argv: tuple[str, ...]
    needs: str | None = None
    """Variable without which it cannot work."""


HELPERS = (
    Helper(("pbcopy",)),
    Helper(("wl-copy",), needs="WAYLAND_DISPLAY"),
    Helper(("xclip", "-selection", "clipboard"), needs="DISPLAY"),
    Helper(("xsel", "--clipboard", "--input"), needs="DISPLAY"),
    Helper(("clip.exe",)),
)
TMUX = ("tmux", "load-buffer", "-w", "-")


def encodable(text: str) -> str:
    """Return `text` with lone surrogates, which no encoding takes, made visible."""
    return "".join(clean(char) if 0xD800 <= ord(char) <= 0xDFFF else char for char in text)


def described(programs: Sequence[str]) -> str:
    """Return what was done in the person's words. Without a program that answered nobody knows that it arrived."""
    if not programs:
        return "sent to the terminal (it does not say whether it took it)"
    return f"copied with {and_list(programs)}"


def copy_with_programs(
    text: str,
    environ: Mapping[str, str],
    *,
    which: Callable[[str], str | None] = shutil.which,
    run: Run | None = None,
) -> tuple[str, ...]:
    """Hand `text` to tmux and to the desktop's clipboard, where there are; return the programs that took it. Blocks."""
    run = run or run_program
    data = text.encode("utf-8", "surrogateescape")
    return tuple(argv[0] for argv in programs(environ, which) if run(argv, data))


def programs(environ: Mapping[str, str], which: Callable[[str], str | None]) -> Iterator[tuple[str, ...]]:
    """Yield the programs to hand the text to: tmux when inside it, and the first helper of a local desktop."""
    if environ.get("TMUX") and which("tmux"):
        yield TMUX
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return
    for helper in HELPERS:
        if (helper.needs is None or environ.get(helper.needs)) and which(helper.argv[0]):
            yield helper.argv
            return


def run_program(argv: Sequence[str], data: bytes) -> bool:
    """Run a helper. Its output is thrown away: `xclip` keeps a child that would hold a pipe open for ever."""
    try:
        ended = subprocess.run(
            argv, input=data, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0
