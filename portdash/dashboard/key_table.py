"""The table of keys in README, made from the declarations: `python -m portdash.dashboard.key_table [README.md]`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from portdash.dashboard.commands import in_help_order
from portdash.dashboard.keymap import make_keymap

START = "<!-- keys: python -m portdash.dashboard.key_table -->"
END = "<!-- end of keys -->"


def key_table() -> str:
    """Return the table in Markdown: keys, id in `[keys]`, and what it does."""
    return "\n".join(["| key | id | does |", "|---|---|---|", *_rows()])


def _rows() -> Iterator[str]:
    keymap = make_keymap({})
    for command in in_help_order():
        keys = " ".join(f"`{key}`" for key in keymap.printed(command.id)) or "in `:`"
        yield f"| {keys} | `{command.id}` | {command.help} |"


def with_table(text: str) -> str:
    """Return a document with the table of today between its two marks. Raises ValueError where it has none."""
    before, start, rest = text.partition(START)
    _old, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"there is no {START} … {END}")
    return f"{before}{START}\n{key_table()}\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Put the table into a file."""
    path = Path(arguments[0] if arguments else "README.md")
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
