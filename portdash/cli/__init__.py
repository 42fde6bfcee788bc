"""The command line. `main` is what the `portdash` program runs; each command is a module, imported when called."""

import sys

YOUNG = 50_000
"""Objects made before unreachable ones among them are looked for: more than a short command makes. At Python's own 700
that is done dozens of times while modules are loaded, and finds nothing. To the dashboard it is a few megabytes."""


def main() -> None:
    """Run the command that the program's arguments name, and exit as the contract says."""
    import gc  # noqa: PLC0415  a library user of `portdash.cli` keeps what it has

    gc.set_threshold(YOUNG)
    from portdash.cli.guard import run  # noqa: PLC0415  a library user of `portdash.cli` pays for nothing

    code = run(sys.argv[1:])
    gc.freeze()  # the end of the process takes it all: not one object of it is worth looking at again
    sys.exit(code)
