"""The command line. `main` is what the `portdash` program runs; each command is a module, imported when called."""

import os
import sys

YOUNG = 50_000
"""Objects made before unreachable ones among them are looked for: more than a short command makes. At Python's own 700
that is done dozens of times while modules are loaded, and finds nothing. To the dashboard it is a few megabytes."""


def main() -> None:
    """Run the command that the program's arguments name, and exit as the contract says."""
    if not _standard_streams():
        sys.stderr.write("portdash: error: standard output is closed (send it to /dev/null if nobody wants it)\n")
        sys.exit(2)
    import gc  # noqa: PLC0415  a library user of `portdash.cli` pays for nothing

    gc.set_threshold(YOUNG)
    from portdash.cli.guard import run  # noqa: PLC0415  see above

    code = run(sys.argv[1:])
    gc.freeze()  # the end of the process takes it all: not one object of it is worth looking at again
    sys.exit(code)


def _standard_streams() -> bool:
    """Open what the caller closed as the empty device, so that no file of ours comes to stand there.

    Says whether there is a standard output: a port that nobody can read must not be given out.
    """
    has_output = sys.stdout is not None
    if sys.stdin is None or not has_output or sys.stderr is None:
        for descriptor, mode in enumerate(("r", "w", "w")):
            try:
                os.fstat(descriptor)
            except OSError:
                os.open(os.devnull, os.O_RDWR)  # gets the lowest number, which is this one
            name = ("stdin", "stdout", "stderr")[descriptor]
            if getattr(sys, name) is None:
                setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))
    return has_output
