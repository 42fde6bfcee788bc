"""The command line. `main` is what the `portdash` program runs; each command is a module, imported when called."""

import sys


def main() -> None:
    """Run the command that the program's arguments name, and exit as the contract says."""
    from portdash.cli.guard import run  # noqa: PLC0415  a library user of `portdash.cli` pays for nothing

    sys.exit(run(sys.argv[1:]))
