"""`python -m portdash` is `portdash`."""

from portdash.cli import main

if __name__ == "__main__":
    main()
