"""What the environment and the written files say, held against what the store says now."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from portdash.config.exported import EXPORTED
from portdash.exports.block import find_block, is_ours
from portdash.exports.formats import STYLES, ExportFormat, export_lines
from portdash.exports.variables import NEXT_PORT, Variable, echoed
from portdash.record import record

_NEXT = re.compile(rf"\b{NEXT_PORT}\b")


class Standing(StrEnum):
    """How a variable of the environment stands to the store."""

    SAME = "same"
    DIFFERS = "differs"
    UNSET = "unset"
    GONE = "gone"
    """An earlier export set it, and no service has it any more."""


class Freshness(StrEnum):
    """How a written file stands to the store."""

    CURRENT = "current"
    OLDER = "older"
    """It says something else than would be written now."""
    MISSING = "missing"


@record(kw_only=True)
class Compared:
    """One variable on both sides."""

    name: str
    in_environment: str | None
    """As found: whoever shows it has to clean it."""
    in_store: str | None
    standing: Standing
    counts: bool
    """Whether a difference is one: NEXT_PORT changes with every project, and nothing depends on it."""


def compare_environment(variables: Sequence[Variable], environ: Mapping[str, str]) -> tuple[Compared, ...]:
    """Return every variable in force, then those that an earlier export left in the environment."""
    shown = [each for each in variables if each.name != EXPORTED]
    left = sorted(echoed(environ).keys() - {each.name for each in shown})
    return (
        *(
            Compared(
                name=each.name,
                in_environment=(found := environ.get(each.name)),
                in_store=each.value,
                standing=Standing.UNSET if found is None else _standing(found, each.value),
                counts=each.name != NEXT_PORT,
            )
            for each in shown
        ),
        *(
            Compared(name=name, in_environment=environ[name], in_store=None, standing=Standing.GONE, counts=True)
            for name in left
            if name in environ
        ),
    )


def compare_text(text: str, variables: Iterable[Variable], form: ExportFormat, *, name: str) -> Freshness:
    """Return whether a file says what would be written now, but for NEXT_PORT. Raises Refused as `find_block` does."""
    wanted = [each for each in variables if each.name != NEXT_PORT]
    if form is ExportFormat.JSON:
        found = json_variables(text) or {}
        found.pop(NEXT_PORT, None)
        return _fresh(found == {each.name: each.value for each in wanted})
    block = find_block(text, comment=STYLES[form].comment, name=name)
    lines = [line for line in block.lines if not _NEXT.search(line)] if block else []
    return _fresh(block is not None and lines == export_lines(wanted, form))


def json_variables(text: str) -> dict[str, str] | None:
    """Return the variables of a JSON export, None when the text is something else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict) and all(is_ours(name) and isinstance(value, str) for name, value in found.items()):
        return found
    return None


def _standing(found: str, wanted: str) -> Standing:
    return Standing.SAME if found == wanted else Standing.DIFFERS


def _fresh(same: bool) -> Freshness:
    return Freshness.CURRENT if same else Freshness.OLDER
