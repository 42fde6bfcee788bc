"""What a toast says of an act: what was done, what takes it back, and what is to be started now. Pure."""

from collections.abc import Iterator

from rich.cells import cell_len

from portdash.manager.apply import Outcome
from portdash.text import and_list, plural

FRAME = 3
"""Cells of a toast's edge and padding."""


def outcome_text(outcome: Outcome, home: str, *, width: int, undo: str = "") -> str:
    """Return it in the fullest wording that a toast has room for on a screen of `width` columns, else the shortest.

    `undo` is the key that takes it back, empty where none does.
    """
    changed = outcome.operation is not None and outcome.operation.changes  # who has ended stays so
    back = f". {undo} undoes" if undo and changed else ""
    done = f"{'; '.join(outcome.lines)}{back}"
    left = tuple(_left(outcome, home))
    texts = [f"{done}. {_capital(each)}" for each in left]
    texts += [f"{outcome.lines[0]}{back}. {_capital(each)}" for each in left[-1:] if outcome.lines[1:]]
    return next((each for each in texts if cell_len(each) <= width - FRAME), (texts or [done])[-1])


def _left(outcome: Outcome, home: str) -> Iterator[str]:
    """Yield what is left to do, the fullest wording first."""
    if len(outcome.to_do) > 1:
        names = [each.name or "another" for each in outcome.to_do]
        yield f"start {and_list(names)}: their details say how"
        yield f"start {plural(len(names), 'service')}: their details say how"
    for each in outcome.to_do[:1] if len(outcome.to_do) == 1 else ():
        yield each.line(home)
        yield each.text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
